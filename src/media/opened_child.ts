import type { Child, Ffmpeg, NodeContext } from "../node/index.ts";

/** What reads a child's stdout. */
interface Reader {
  /** Resolves once what is opened is known to decode. */
  open(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts the ffmpeg that `configured` names, or the usual one, and waits until its reader is open. Rejects with what
 * the reader says, also when `signal` aborts first; no child is left then.
 */
export async function openedChild<Opened extends Reader>(
  context: Pick<NodeContext, "spawn" | "ffmpeg">,
  configured: string | undefined,
  argv: (ffmpeg: Ffmpeg) => readonly string[],
  read: (child: Child) => Opened,
  signal: AbortSignal,
): Promise<Opened> {
  const child = context.spawn({ argv: argv(await context.ffmpeg(configured)) });
  const kill = () => child.kill();
  signal.addEventListener("abort", kill, { once: true });
  const reader = read(child);
  try {
    if (signal.aborted) kill();
    await reader.open();
    return reader;
  } catch (error) {
    await reader.close();
    throw error;
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

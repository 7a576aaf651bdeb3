import { writeSync } from "node:fs";
import type { StandardIo } from "../node/index.ts";

/** Text waits here at most until the event loop turns; more than this is written at once. */
const BUFFER_CHARS = 64 * 1024;

export interface ProcessIo extends StandardIo {
  /** Writes what is buffered. Call before the process ends. */
  flush(): void;
}

/**
 * The process's stdin and stdout. A reader that is slow makes the writer wait, inside `wait`, so memory stays
 * bounded; one that is gone (`| head`) or a full disk is told once to `onBroken`, and what follows is dropped.
 * Stdin is read once, and by nobody when the graph itself came from there.
 */
export function processIo(
  wait: (write: () => void) => void,
  onBroken: (error: Error) => void,
  graphFromStdin: boolean,
): ProcessIo {
  let whyNotRead = graphFromStdin ? "the graph came from there: name a graph file" : undefined;
  let buffered = "";
  let closed = false;
  const flush = () => {
    const text = buffered;
    buffered = "";
    if (closed || text === "") return;
    try {
      wait(() => writeAll(1, Buffer.from(text)));
    } catch (error) {
      closed = true;
      onBroken(error as Error);
    }
  };
  return {
    write(text) {
      if (buffered === "") setImmediate(flush);
      buffered += text;
      if (buffered.length >= BUFFER_CHARS) flush();
    },
    flush,
    read(signal) {
      if (whyNotRead !== undefined) throw new Error(`cannot read standard input as ${whyNotRead}`);
      whyNotRead = "it can be read only once: let one stdin_source feed several edges, without restarts";
      return readStdin(signal);
    },
  };
}

/** Writes everything, waiting where a non-blocking pipe is full. */
export function writeAll(descriptor: number, bytes: Uint8Array) {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(descriptor, bytes, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Bun.sleepSync(1);
    }
  }
}

async function* readStdin(signal: AbortSignal): AsyncIterable<Uint8Array> {
  const reader = Bun.stdin.stream().getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

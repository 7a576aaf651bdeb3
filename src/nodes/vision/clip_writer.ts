import type { NodeContext } from "../../node/index.ts";
import type { Clip } from "./clips.ts";
import { type Footage, NoFootage, type Written } from "./footage.ts";
import type { KeptFiles } from "./kept_files.ts";

/** What became of a clip. */
export type ClipResult = { clip: Clip } & ({ written: Written; bytes: number } | { reason: string });

type Trouble = "none" | "no footage" | "cannot write";

/** Writes clips, one after the other: a second one at the same time would only wait for the same disk. */
export class ClipWriter {
  readonly counts = { written: 0, partial: 0, failed: 0 };
  readonly #context: NodeContext;
  readonly #footage: Footage;
  readonly #kept: KeptFiles;
  readonly #onDone: (result: ClipResult) => void;
  readonly #abort = new AbortController();
  readonly #waiting = new Set<Clip>();
  #line = Promise.resolve();
  #trouble: Trouble = "none";

  constructor(context: NodeContext, footage: Footage, kept: KeptFiles, onDone: (result: ClipResult) => void) {
    this.#context = context;
    this.#footage = footage;
    this.#kept = kept;
    this.#onDone = onDone;
  }

  /** Clips that wait, and the one that is being written. */
  get size(): number {
    return this.#waiting.size;
  }

  add(clip: Clip) {
    this.#waiting.add(clip);
    this.#line = this.#line.then(() => this.#write(clip));
  }

  /** The clip of a file that is not there yet. */
  has = (file: string): boolean => [...this.#waiting].some((clip) => clip.file === file);

  /** Resolves when every clip is written or given up. */
  settled = (): Promise<void> => this.#line;

  /** Gives up what is not written yet. */
  stop() {
    this.#abort.abort();
  }

  async #write(clip: Clip) {
    try {
      const result = await this.#fill(clip);
      this.counts.written += 1;
      if (!result.written.whole) this.counts.partial += 1;
      this.#tell("none");
      this.#onDone({ clip, ...result });
    } catch (error) {
      this.counts.failed += 1;
      const reason = (error as Error).message;
      this.#tell(error instanceof NoFootage ? "no footage" : "cannot write", clip, reason);
      this.#onDone({ clip, reason });
    } finally {
      clip.release();
      this.#waiting.delete(clip);
    }
  }

  async #fill(clip: Clip) {
    const { signal } = this.#abort;
    if (signal.aborted) throw new Error("the run ended before it was written");
    const about = this.#footage.bytes(clip.stream, clip);
    const { made, bytes } = await this.#kept.make(clip.file, about, (draft) =>
      this.#footage.write(clip.stream, clip, draft, signal),
    );
    return { written: made, bytes };
  }

  /** Once for each change: a disk stays full for days. */
  #tell(trouble: Trouble, clip?: Clip, error?: string) {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    if (trouble === "none") return this.#context.log.info("clips are written again");
    this.#context.log.warn("a clip could not be written; further ones are counted", { file: clip!.file, error });
  }
}

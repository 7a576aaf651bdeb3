import * as fs from "node:fs";
import type { Cancel } from "../../base/clock.ts";
import { type NodeContext, Rejected } from "../../node/index.ts";
import { ConfinedFiles } from "../../store/index.ts";

/** Where Linux keeps files in memory. */
const SHM = "/dev/shm";
/** `schnitzel-<pid>-…`: of whoever is gone, so that a killed run leaves nothing behind for ever. */
const NAME = /^schnitzel-(\d+)-/;

/** Reads what any run of ours put into shared memory, and nothing else there. */
export async function readShm(file: string, maxBytes: number): Promise<Uint8Array> {
  const name = file.startsWith(`${SHM}/`) ? file.slice(SHM.length + 1) : file;
  if (name.includes("/") || !NAME.test(name)) {
    throw new Rejected(
      `cannot read ${JSON.stringify(file.slice(0, 200))} from shared memory: its name must be ${SHM}/schnitzel-<pid>-…`,
    );
  }
  return new ConfinedFiles(SHM).read(name, maxBytes);
}

interface Kept {
  bytes: number;
  cancel: Cancel;
}

/** Files in shared memory, each for a time, all of them together within a bound. */
export class ShmFiles {
  readonly #context: NodeContext;
  readonly #keepMs: number;
  readonly #maxBytes: number;
  readonly #files = new ConfinedFiles(SHM);
  readonly #kept = new Map<string, Kept>();
  #used = 0;
  #made = 0;
  #closed = false;
  #waiting: (() => void)[] = [];

  constructor(context: NodeContext, { keepMs, maxBytes }: { keepMs: number; maxBytes: number }) {
    if (!fs.existsSync(SHM)) {
      throw new Error(`this system has no shared memory at ${SHM}: use store: blobs, or store: file with a dir`);
    }
    this.#context = context;
    this.#keepMs = keepMs;
    this.#maxBytes = maxBytes;
    removeLeftOver();
  }

  get bytes(): number {
    return this.#used;
  }

  /** Waits until there is room: the oldest file's time is over within `keepMs`. */
  async write(bytes: Uint8Array): Promise<string> {
    if (bytes.length > this.#maxBytes) {
      throw new Rejected(`cannot put ${bytes.length} bytes into shared memory: max_bytes is ${this.#maxBytes}`);
    }
    while (this.#used + bytes.length > this.#maxBytes) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      if (this.#closed) throw new Error("the run ended before there was room in shared memory");
    }
    this.#used += bytes.length;
    this.#made += 1;
    const node = this.#context.nodeId.replace(/[^\w.-]/g, "_").slice(0, 100);
    try {
      const file = await this.#files.write(`schnitzel-${process.pid}-${node}-${this.#made}`, bytes);
      const cancel = this.#context.clock.setTimer(() => this.#remove(file), this.#keepMs);
      this.#kept.set(file, { bytes: bytes.length, cancel });
      if (this.#closed) this.#remove(file);
      return file;
    } catch (error) {
      this.#free(bytes.length);
      throw error;
    }
  }

  close() {
    this.#closed = true;
    for (const file of [...this.#kept.keys()]) this.#remove(file);
    this.#wake();
  }

  #remove(file: string) {
    const { bytes, cancel } = this.#kept.get(file)!;
    this.#kept.delete(file);
    cancel();
    this.#context.files.remove(file);
    this.#free(bytes);
  }

  #free(bytes: number) {
    this.#used -= bytes;
    this.#wake();
  }

  #wake() {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

function removeLeftOver() {
  for (const name of fs.readdirSync(SHM)) {
    const [, pid] = NAME.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) fs.rmSync(`${SHM}/${name}`, { force: true });
  }
}

/** A process of another user says "not permitted", which is a sign of life. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

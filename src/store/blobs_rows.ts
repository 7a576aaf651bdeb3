import { type Clock, sleep } from "../base/clock.ts";
import type { DeadRow, Queue, QueueRow } from "./queue.ts";

/** Rows that may name blobs. */
export interface BlobRows {
  scan(afterSeq: number, count: number): Promise<readonly RowText[]>;
  dead(afterSeq: number, count: number): Promise<readonly RowText[]>;
}

type RowText = Pick<QueueRow | DeadRow, "seq" | "payload" | "meta">;

/** Rows of one call adapt to what is in them: 1,000 rows of 1 kB are read as fast as one of 1 MB. */
const SLICE_BYTES = 1024 * 1024;
const MAX_ROWS = 1_024;
const FIRST_ROWS = 16;

const HASH = /[0-9a-f]{64}/g;

/**
 * The sha256 sums a row names. Any 64 hex digits count, wherever they stand: a blob is kept too long rather than lost
 * when a node wraps a reference into something of its own. Every copy of one has the word `sha256` beside it.
 */
export function namedIn({ payload, meta }: Pick<RowText, "payload" | "meta">): string[] {
  return [payload, meta].flatMap((text) => (text.includes("sha256") ? (text.match(HASH) ?? []) : []));
}

export interface MarkOptions {
  clock: Clock;
  /** Wait between two slices, so that a backlog of millions of rows does not feel it being read. */
  paceMs: number;
  signal: AbortSignal;
}

/**
 * Removes from `candidates` what the rows name. Waiting rows come before dead ones: what fails meanwhile moves that way.
 * True when all rows were read.
 */
export async function strikeNamed(candidates: Set<string>, rows: BlobRows, options: MarkOptions): Promise<boolean> {
  const waiting = (after: number, count: number) => rows.scan(after, count);
  const dead = (after: number, count: number) => rows.dead(after, count);
  return (await strike(candidates, waiting, options)) && (await strike(candidates, dead, options));
}

async function strike(
  candidates: Set<string>,
  read: BlobRows["scan"],
  { clock, paceMs, signal }: MarkOptions,
): Promise<boolean> {
  let count = FIRST_ROWS;
  for (let after = 0; candidates.size > 0; ) {
    const slice = await read(after, count);
    if (signal.aborted) return false;
    let bytes = 0;
    for (const row of slice) {
      bytes += row.payload.length + row.meta.length;
      for (const sha256 of namedIn(row)) candidates.delete(sha256);
    }
    if (slice.length === 0) return true;
    after = slice.at(-1)!.seq;
    count = bytes > SLICE_BYTES ? Math.max(1, count >> 1) : Math.min(MAX_ROWS, count * 2);
    if (paceMs > 0) await sleep(clock, paceMs, signal);
  }
  return true;
}

/** Told of everything that could give a row a blob behind the back of a sweep that is under way. */
export interface Watcher {
  named(sha256: string): void;
  /** Rows changed places. */
  moved(): void;
  closed(): void;
}

/** `queue` itself, with a word to `watcher` at every call that writes or moves rows. */
export function watchRows(queue: Queue, watcher: Watcher): Queue {
  // Before the call, since the row may be there before it is told, and after it, since the call may have taken long.
  const naming = <Result>(rows: readonly Pick<RowText, "payload" | "meta">[], call: () => Promise<Result>) => {
    const sums = rows.flatMap(namedIn);
    if (sums.length === 0) return call();
    const tell = () => {
      for (const sha256 of sums) watcher.named(sha256);
    };
    tell();
    return call().finally(tell);
  };
  const own: Partial<Queue> = {
    enqueue: (entries) => naming(entries, () => queue.enqueue(entries)),
    setAside: (letters) => naming(letters, () => queue.setAside(letters)),
    revive(seqs, partition) {
      watcher.moved();
      return queue.revive(seqs, partition).finally(watcher.moved);
    },
    close() {
      watcher.closed();
      return queue.close();
    },
  };
  const known = new Map<string | symbol, unknown>(Object.entries(own));
  const get = (target: Queue, name: string | symbol) => {
    if (known.has(name)) return known.get(name);
    const value = Reflect.get(target, name);
    if (typeof value !== "function") return value;
    const method = value.bind(target);
    known.set(name, method);
    return method;
  };
  return new Proxy(queue, { get });
}

import * as path from "node:path";
import { systemClock } from "../base/clock.ts";
import { inspectQueueFile, openQueue, type Queue, salvage } from "../store/index.ts";

/** What a stopped graph's state directory holds. */
export interface Kept {
  /** Idempotency keys of rows that wait, in any queue. */
  readonly waiting: ReadonlySet<string>;
  readonly dead: ReadonlySet<string>;
  /** Rows the queues say they lost or set aside as damaged, ever. */
  readonly told: number;
  /** What checking every row found. */
  readonly findings: readonly string[];
}

/** Looking at a queue on a full disk must be possible. */
const UNBOUNDED = { maxBytes: Number.MAX_SAFE_INTEGER, minFreeBytes: 0, ballastBytes: 0 };
const PAGE = 1_000;
/** Pages of one queue: ten million rows, a hundred times what a drill can post. */
const MAX_PAGES = 10_000;

/** Reads every queue file below `state`. No process may have them open. */
export async function readKept(state: string): Promise<Kept> {
  const kept = { waiting: new Set<string>(), dead: new Set<string>(), told: 0, findings: [] as string[] };
  for (const name of new Bun.Glob("**/*.sqlite3").scanSync({ cwd: state })) {
    const file = path.join(state, name);
    const { state: found, reason } = inspectQueueFile(file);
    if (found === "damaged") {
      // Opening it would move it aside, and what it says would not be among the findings.
      kept.findings.push(`${name}: ${reason?.replace(/\s+/g, " ")}`);
      continue;
    }
    const queue = await openQueue(file, { clock: systemClock, onEvent: () => {}, ...UNBOUNDED });
    try {
      // The letters of nodes lie in a queue of their own, where what waits is on its way to a second try.
      await addKeys(kept.waiting, (after) => queue.scan(after, PAGE));
      await addKeys(kept.dead, (after) => queue.dead(after, PAGE));
      kept.told += toldBy(queue);
      kept.findings.push(...(await queue.verify()).map((finding) => `${name}: ${finding}`));
    } finally {
      await queue.close();
    }
  }
  for (const name of new Bun.Glob("**/*.sqlite3.corrupt-*[0-9Z]").scanSync({ cwd: state })) {
    kept.told += await movedAside(path.join(state, name));
  }
  return kept;
}

/** Rows of a file that was moved aside as damaged, which was told: what can be read back, and what cannot. */
async function movedAside(file: string): Promise<number> {
  const { rows, damaged, unreadable } = await salvage(file, () => {});
  return rows + damaged + unreadable.reduce((sum, { from, to }) => sum + to - from + 1, 0);
}

function toldBy(queue: Queue): number {
  const { tailLost, damaged } = queue.stats();
  return tailLost + damaged;
}

async function addKeys(keys: Set<string>, page: (after: number) => Promise<readonly { seq: number; key: string }[]>) {
  let after = 0;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const rows = await page(after);
    for (const { key } of rows) keys.add(key);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.seq;
  }
  throw new Error(`Cannot read all of a queue as it has more than ${PAGE * MAX_PAGES} rows`);
}

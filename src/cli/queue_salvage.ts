import * as fs from "node:fs";
import * as path from "node:path";
import { systemClock } from "../base/clock.ts";
import { inspectQueueFile, moveAside, openInline, type Queue, type SalvageReport, salvage } from "../store/index.ts";
import { isAside, originOf } from "./queue_target.ts";

/** Whether rows of ours are in a file whose first page says nothing: their checksums tell. */
export async function hasRows(file: string): Promise<boolean> {
  const { layout, rows, dead } = await salvage(file, () => {});
  return layout === "schnitzel" && rows + dead > 0;
}

/** What became of a damaged file. */
export interface Saved {
  file: string;
  into: string;
  rows: number;
  dead: number;
  /** Read, and not believed. */
  damaged: number;
  /** Ranges of numbers behind damaged pages. */
  unreadable: number;
  layout: SalvageReport["layout"];
  /** Rows that the queue had already. */
  known: number;
  kept_as: string | undefined;
}

/** Puts what can be read of `file` into the queue `into`; without `apply` it is only counted. */
export async function saveRows(file: string, into: string, apply: boolean): Promise<Saved> {
  if (!apply) return savedOf(file, into, await salvage(file, () => {}), 0);
  const before = new Set(asideOf(into));
  // Without its first page it looks like another program's, which opening would refuse: it is moved aside here.
  if (file === into && inspectQueueFile(file).state === "foreign") moveForeign(file);
  const queue = await open(into);
  try {
    // Opening a damaged queue moves it aside.
    const source = file === into ? (asideOf(into).find((name) => !before.has(name)) ?? file) : file;
    let known = 0;
    const report = await salvage(source, async ({ rows, dead }) => {
      const results = await queue.enqueue(rows);
      known += results.filter(({ duplicate }) => duplicate).length;
      await queue.setAside(dead);
    });
    return { ...savedOf(file, into, report, known), kept_as: keep(source) };
  } finally {
    await queue.close();
  }
}

/** Its mark goes along, as it would call all rows lost that come back here under new numbers. */
function moveForeign(file: string) {
  moveAside(file, systemClock.nowMs());
  fs.rmSync(`${file}.hwm`, { force: true });
}

const open = (file: string): Promise<Queue> =>
  openInline(file, {
    ...{ clock: systemClock, onEvent() {} },
    // All that was in it goes back, however much that is.
    ...{ maxBytes: Number.MAX_SAFE_INTEGER, minFreeBytes: 0, ballastBytes: 0 },
    ...{ maxDead: Number.MAX_SAFE_INTEGER, maxDeadBytes: Number.MAX_SAFE_INTEGER },
  });

function asideOf(file: string): string[] {
  const folder = path.dirname(file);
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((name) => isAside(name) && originOf(name) === path.basename(file))
    .map((name) => path.join(folder, name));
}

/** A file that was saved is not damage any more; a sound one that was copied stays what it is. */
function keep(file: string): string | undefined {
  if (!isAside(file)) return undefined;
  const kept = file.replace(".corrupt-", ".salvaged-");
  for (const end of ["-wal", ".hwm", ""]) if (fs.existsSync(file + end)) fs.renameSync(file + end, kept + end);
  return kept;
}

const savedOf = (file: string, into: string, report: SalvageReport, known: number): Saved => ({
  ...{ file, into, rows: report.rows, dead: report.dead, damaged: report.damaged },
  ...{ unreadable: report.unreadable.length, layout: report.layout, known, kept_as: undefined },
});

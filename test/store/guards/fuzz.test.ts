import { expect, test } from "bun:test";
import { seededRandom } from "../../../src/base/random.ts";
import type { OpenedFile } from "../../../src/store/guards.ts";
import schema from "../../../src/store/migrations/0001_queue.sql" with { type: "text" };
import { readAll } from "../../../src/store/pragma.ts";
import { DAMAGES, type Files, putFiles, takeFiles } from "./damages.ts";
import { guardedFile } from "./setup.ts";

const ROWS = 120;
const ACKED = 20;
const ROUNDS = 25;

const fieldsOf = (seq: number) =>
  [
    `k${seq}`,
    `id${seq}`,
    "2026-01-01T00:00:00Z",
    "event",
    "cam01",
    JSON.stringify(`${seq}`.padEnd(200 + seq, ".")),
    "{}",
  ] as const;
const crcOf = (fields: readonly unknown[]) => Bun.hash.crc32(fields.join("\0"));

const INSERT = `INSERT INTO packets (key, packet_id, ts, kind, source_id, payload, meta, enqueued_ms, crc)
  VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)`;

/** Sixty rows in the file, sixty in its log, the first twenty acknowledged. */
function fill({ db, guards }: OpenedFile, later: () => void) {
  for (let seq = 1; seq <= ROWS; seq++) {
    db.run(INSERT, [...fieldsOf(seq), crcOf(fieldsOf(seq))]);
    guards.afterCommit(seq);
    if (seq === ROWS / 2) later();
  }
  db.run("DELETE FROM packets WHERE seq <= ?", [ACKED]);
  guards.afterCommit(ROWS);
}

interface Found {
  movedAside: boolean;
  /** Rows that a queue would hand out: their checksum matches. */
  served: number;
  wrong: number[];
  setAside: number;
  tailLost: number;
  missing: number;
}

/** Reads as a queue does; a page that turns out damaged on the way moves the file aside. */
function lookAt(opened: OpenedFile): Found {
  const sql = "SELECT seq, key, packet_id, ts, kind, source_id, payload, meta, crc FROM packets ORDER BY seq";
  const rows = readAll<Record<string, number | string>>(opened.db, sql);
  const sound = rows.filter(({ seq: _, crc, ...fields }) => crcOf(Object.values(fields)) === crc);
  const wrong = sound.filter(({ seq, key }) => key !== `k${seq}`).map(({ seq }) => Number(seq));
  const there = new Set(rows.map(({ seq }) => Number(seq)));
  let missing = 0;
  for (let seq = ACKED + 1; seq <= ROWS; seq++) missing += there.has(seq) ? 0 : 1;
  return {
    movedAside: opened.movedTo !== undefined,
    served: sound.length,
    wrong,
    setAside: rows.length - sound.length,
    tailLost: opened.guards.tailLost,
    missing,
  };
}

const copyOf = (files: Files): Files => new Map([...files].map(([end, bytes]) => [end, Buffer.from(bytes)]));

test(`a damaged file always starts, serves no wrong byte, and no row vanishes unseen (${ROUNDS} rounds of each damage)`, () => {
  const seed = Number(process.env.SEED ?? 11);
  const random = seededRandom(seed);
  using at = guardedFile({ migrations: [schema], onSkip: () => {}, ballastBytes: 0 });
  const original = at.open();
  let files: Files = new Map();
  fill(original, () => at.clock.advance(1_000));
  files = takeFiles(at.file);
  original.guards.close();

  const table = new Map<
    string,
    { total: number; started: number; aside: number; setAside: number; tailLost: number; slowestMs: number }
  >();
  const unseen: unknown[] = [];
  for (const [name, damage] of Object.entries(DAMAGES)) {
    const sum = { total: 0, started: 0, aside: 0, setAside: 0, tailLost: 0, slowestMs: 0 };
    table.set(name, sum);
    for (let round = 0; round < ROUNDS; round++) {
      const damaged = copyOf(files);
      damage(damaged, random);
      putFiles(at.file, damaged);
      sum.total += 1;
      const begunMs = performance.now();
      let found: Found;
      try {
        const opened = at.open();
        try {
          found = lookAt(opened);
        } catch {
          // Damage that shows when rows are read: what the queue does then.
          const again = opened.moveAsideAndReopen(new Error("found on the way"));
          found = lookAt(again);
          again.guards.close();
        }
        opened.guards.close();
      } catch (error) {
        unseen.push({ name, round, error: (error as Error).message });
        continue;
      }
      sum.started += 1;
      sum.slowestMs = Math.max(sum.slowestMs, performance.now() - begunMs);
      sum.aside += found.movedAside ? 1 : 0;
      sum.setAside += found.setAside;
      sum.tailLost += found.movedAside ? 0 : found.tailLost;
      const accounted = found.movedAside || found.missing <= found.tailLost;
      if (!accounted || found.wrong.length > 0) unseen.push({ name, round, ...found });
    }
  }
  if (process.env.SHOW) console.table(Object.fromEntries(table));
  expect({ seed, unseen }).toEqual({ seed, unseen: [] });
  const sums = [...table.values()];
  expect(sums.reduce((sum, { started }) => sum + started, 0)).toBe(sums.length * ROUNDS);
}, 120_000);

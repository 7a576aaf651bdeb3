import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { ReadAhead, stretchesOf } from "../../src/store/read_ahead.ts";
import { childrenOf, isLeaf } from "../../src/store/table_pages.ts";

const ROWS = 60_000;
const PAGE = 4_096;
const AHEAD_PAGES = 512;
/** What is read at once, and pages of the other table between. */
const SLACK_PAGES = 128;

let folder: string;
let file: string;
let db: Database;
/** Of the table, by the number of their last row, in order. */
let leaves: { page: number; lastRow: number }[];

/** Rows of two tables by turns, then half of them again in what was freed: the pages lie as in a queue that has run. */
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "read-ahead-"));
  file = path.join(folder, "queue.sqlite3");
  db = new Database(file);
  db.run("PRAGMA locking_mode = EXCLUSIVE");
  db.run("PRAGMA journal_mode = WAL");
  db.run("CREATE TABLE packets (seq INTEGER PRIMARY KEY AUTOINCREMENT, payload TEXT)");
  db.run("CREATE TABLE keys (seq INTEGER PRIMARY KEY, key TEXT)");
  const add = (count: number) => {
    const [row, key] = ["INSERT INTO packets (payload) VALUES (?)", "INSERT INTO keys (key) VALUES (?)"];
    const [rows, keys] = [db.query(row), db.query(key)];
    db.transaction(() => {
      for (let at = 0; at < count; at++) {
        rows.run("x".repeat(150));
        keys.run(`k${at}`);
      }
    })();
  };
  add(ROWS);
  db.run("DELETE FROM packets WHERE seq <= ?", [ROWS / 2]);
  add(ROWS / 2);
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  // Not by opening the file a second time: closing that would give up the lock.
  const bytes = db.serialize();
  const page = (at: number) => bytes.subarray((at - 1) * PAGE, at * PAGE);
  const root = db.query<{ rootpage: number }, []>("SELECT rootpage FROM sqlite_schema WHERE name = 'packets'").get()!;
  const below = (at: { page: number; lastRow: number }): (typeof at)[] =>
    isLeaf(page(at.page)) ? [at] : childrenOf(page(at.page), at.lastRow)!.flatMap(below);
  leaves = below({ page: root.rootpage, lastRow: ROWS * 1.5 });
});

afterAll(() => {
  db.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

test("the leaves of a table are found, in order", () => {
  const sql = "SELECT pageno FROM dbstat WHERE name = 'packets' AND pagetype = 'leaf' ORDER BY path";
  const known = db.query<{ pageno: number }, []>(sql).all();
  expect(leaves.map(({ page }) => page)).toEqual(known.map(({ pageno }) => pageno));
  const first = db.query<{ seq: number }, [number]>("SELECT min(seq) AS seq FROM packets WHERE seq > ?");
  for (const { lastRow } of leaves.slice(0, -1)) expect(first.get(lastRow)!.seq).toBe(lastRow + 1);
  expect(leaves.some(({ page }, at) => page < (leaves[at - 1]?.page ?? 0))).toBe(true);
});

test("what is no page of a table gives nothing", () => {
  expect(childrenOf(new Uint8Array(PAGE), 1)).toBeUndefined();
  const noise = new Uint8Array(PAGE).fill(0xff);
  noise[0] = 0x05;
  expect(childrenOf(noise, 1)).toBeUndefined();
});

test("pages near one another are read in one go, whatever their order", () => {
  expect(stretchesOf([9, 7, 8, 30, 14, 1], 64)).toEqual([
    [1, 14],
    [30, 30],
  ]);
  expect(stretchesOf([1, 2, 3, 4, 5], 2)).toEqual([
    [1, 2],
    [3, 4],
    [5, 5],
  ]);
});

describe("reading ahead", () => {
  /** The pages that were read, and when reading has come to rest. */
  function ahead() {
    const pages: number[] = [];
    let underWay = 0;
    const resting = { at: () => {} };
    const reader = new ReadAhead(file, db, "packets", async (descriptor, target, position) => {
      underWay += 1;
      expect(fs.readlinkSync(`/proc/self/fd/${descriptor}`)).toBe(fs.realpathSync(file));
      for (let at = 0; at < target.length; at += PAGE) pages.push((position + at) / PAGE + 1);
      const count = fs.readSync(descriptor, target, 0, target.length, position);
      await Promise.resolve();
      underWay -= 1;
      setImmediate(() => underWay === 0 && resting.at());
      return count;
    });
    /** Tells it where the queue is, and waits until it reads no more. */
    const reached = async (seq: number, given = ROWS * 1.5) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      resting.at = resolve;
      reader.reached(seq, given);
      setImmediate(() => underWay === 0 && resolve());
      await promise;
    };
    return { reader, pages, reached };
  }

  const from = (seq: number) => leaves.filter(({ lastRow }) => lastRow > seq).map(({ page }) => page);

  test("fetches the pages of the rows that come next, two megabytes of them", async () => {
    const { pages, reached } = ahead();
    await reached(0);
    expect(
      from(0)
        .slice(0, AHEAD_PAGES)
        .filter((page) => !pages.includes(page)),
    ).toEqual([]);
    const later = from(0).slice(AHEAD_PAGES + SLACK_PAGES);
    expect(later.length).toBeGreaterThan(100);
    expect(later.filter((page) => pages.includes(page)).length).toBeLessThan(later.length / 10);
  });

  test("goes on as the queue does, through all pages, each about once", async () => {
    const { pages, reached } = ahead();
    for (let seq = ROWS / 2; seq < ROWS * 1.5 - 20_000; seq += 500) await reached(seq);
    const passed = leaves.filter(({ lastRow }) => lastRow < ROWS * 1.5 - 20_000).map(({ page }) => page);
    expect(passed.filter((page) => !pages.includes(page))).toEqual([]);
    expect(pages.length).toBeLessThan(1.5 * leaves.length);
  });

  test("does nothing for a short queue, and nothing after the end", async () => {
    const { reader, pages, reached } = ahead();
    await reached(ROWS, ROWS + 19_999);
    reader.close();
    await reached(0);
    expect(pages).toEqual([]);
  });

  test("leaves the lock on the file with SQLite", async () => {
    await ahead().reached(0);
    const script = `new (require("bun:sqlite").Database)(${JSON.stringify(file)}).query("SELECT 1 FROM packets").get()`;
    const other = Bun.spawnSync([process.execPath, "-e", script], { stderr: "pipe" });
    expect(other.stderr.toString()).toContain("database is locked");
  });
});

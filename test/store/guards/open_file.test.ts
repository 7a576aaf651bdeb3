import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { add, FIRST, guardedFile, keysIn } from "./setup.ts";

const aside = (folder: string) => fs.readdirSync(folder).filter((name) => name.includes(".corrupt-"));

test("openFile() makes its files for this user alone, the ballast of real bytes", () => {
  using at = guardedFile();
  add(at.open(), "a");
  const files = fs.readdirSync(at.folder).sort();
  expect(files).toEqual(["", "-wal", ".ballast", ".hwm", ".owner"].map((end) => `q.sqlite3${end}`));
  for (const name of files) expect([name, fs.statSync(`${at.folder}/${name}`).mode & 0o777]).toEqual([name, 0o600]);
  const { size, blocks } = fs.statSync(`${at.file}.ballast`);
  expect([size, blocks * 512 >= size]).toEqual([64 * 1_024, true]);
});

test("openFile() moves a damaged file aside with its log and mark, starts empty, and numbers go on", () => {
  using at = guardedFile();
  const first = at.open();
  add(first, "a", "b", "c");
  first.guards.close();
  fs.writeFileSync(`${at.file}-wal`, "left behind");
  fs.writeFileSync(at.file, Buffer.alloc(8_192, 7));

  const second = at.open();
  const [moved] = aside(at.folder).sort();
  expect(moved).toMatch(/^q\.sqlite3\.corrupt-20260101T\d{6}Z$/);
  expect(aside(at.folder).sort()).toEqual([moved!, `${moved}-wal`, `${moved}.hwm`]);
  expect(second.movedTo).toBe(`${at.folder}/${moved}`);
  expect(keysIn(second.db)).toEqual([]);
  expect(at.heard[0]).toMatchObject({ level: "error", message: expect.stringContaining("schnitzel queue repair") });
  expect(add(second, "d")).toBe(4);
  // Those rows are in the file that was moved, not lost from the end of this one.
  expect(second.guards.tailLost).toBe(0);
});

test("openFile() keeps the log of a file that is gone, which SQLite would delete", () => {
  using at = guardedFile();
  const first = at.open();
  add(first, "a");
  const log = fs.readFileSync(`${at.file}-wal`);
  first.guards.close();
  fs.rmSync(at.file);
  fs.writeFileSync(`${at.file}-wal`, log);
  const second = at.open();
  expect(fs.readFileSync(`${second.movedTo}-wal`).equals(log)).toBe(true);
  expect(add(second, "b")).toBe(2);
});

test("openFile() moves aside a file whose tables are not those of its version", () => {
  using at = guardedFile();
  const first = at.open();
  first.db.run("DROP TABLE totals");
  first.guards.close();
  expect(keysIn(at.open().db)).toEqual([]);
  expect(at.heard[0]!.message).toContain("its tables are not those of a queue of version 1");
});

for (const [what, pragma] of [
  ["its version", "user_version = 77"],
  ["its version, to none", "user_version = 0"],
  ["whose it is", "application_id = 99"],
] as const) {
  test(`openFile() keeps a file whose header lost ${what}, and writes it anew`, () => {
    using at = guardedFile();
    const first = at.open();
    add(first, "a");
    first.db.run(`PRAGMA ${pragma}`);
    first.guards.close();
    const second = at.open();
    expect(keysIn(second.db)).toEqual(["a"]);
    expect(second.db.query("PRAGMA user_version").get()).toEqual({ user_version: 1 });
    expect(aside(at.folder)).toEqual([]);
    expect(at.heard.map(({ level }) => level)).toEqual(["warn"]);
    expect(at.heard[0]!.message).toContain("its header was damaged: it said ");
  });
}

test("openFile() refuses a file with tables of a later version, also when the mark beside it is behind", () => {
  using at = guardedFile();
  const first = at.open();
  first.db.run("CREATE TABLE later (n INTEGER)");
  first.db.run("PRAGMA user_version = 2");
  first.guards.close();
  expect(() => at.open()).toThrow("QUEUE_NEWER");
});

test("openFile() refuses a file of a later version, and leaves it as it is", () => {
  using at = guardedFile();
  const later = "CREATE TABLE later (n INTEGER)";
  at.open({ migrations: [FIRST, later] }).guards.close();
  expect(() => at.open()).toThrow("QUEUE_NEWER");
  // Whatever the mark beside it says: a copy of the file alone is refused as well.
  fs.rmSync(`${at.file}.hwm`);
  expect(() => at.open()).toThrow("QUEUE_NEWER");
  expect(at.open({ migrations: [FIRST, later] }).movedTo).toBeUndefined();
});

test("openFile() refuses the database of another program, and puts nothing beside it", () => {
  using at = guardedFile();
  const other = new Database(at.file, { create: true });
  other.run("CREATE TABLE theirs (n INTEGER)");
  other.close();
  expect(() => at.open()).toThrow("QUEUE_FOREIGN");
  expect(fs.readdirSync(at.folder).filter((name) => !/-(wal|shm)$/.test(name))).toEqual(["q.sqlite3"]);
});

test("openFile() says that this process has the file, when it is opened twice", () => {
  using at = guardedFile();
  at.open();
  expect(() => at.open()).toThrow(
    `QUEUE_SHARED: cannot open queue ${at.file}: this process, ${process.pid}, has it open`,
  );
});

test("reopen() keeps what was committed, and the numbers", () => {
  using at = guardedFile();
  const first = at.open();
  add(first, "a", "b");
  const second = first.reopen();
  expect(keysIn(second.db)).toEqual(["a", "b"]);
  expect(add(second, "c")).toBe(3);
  second.guards.close();
  expect(at.heard).toEqual([]);
});

test("reopen() counts what the disk has lost meanwhile, even when the mark is gone as well", () => {
  using at = guardedFile();
  const first = at.open();
  add(first, "a");
  const saved = fs.readFileSync(at.file);
  at.clock.advance(1_000);
  add(first, "b", "c");
  first.guards.close();
  fs.writeFileSync(at.file, saved);
  fs.rmSync(`${at.file}.hwm`);
  const second = first.reopen();
  expect(second.guards.tailLost).toBeGreaterThan(0);
  expect(add(second, "d")).toBe(4);
  second.guards.close();
});

test("moveAsideAndReopen() gives an empty file in the place of one that turned out damaged", () => {
  using at = guardedFile();
  const first = at.open();
  add(first, "a");
  const second = first.moveAsideAndReopen(new Error("database disk image is malformed"));
  expect(second.movedTo).toMatch(/corrupt-/);
  expect(keysIn(second.db)).toEqual([]);
  expect(add(second, "b")).toBe(2);
  second.guards.close();
  expect(keysIn(new Database(second.movedTo!, { readonly: true }))).toEqual(["a"]);
});

test("an upgrade keeps a copy of the old version first, which the old program opens", () => {
  using at = guardedFile();
  const first = at.open();
  add(first, "a", "b");
  first.guards.close();
  const second = at.open({ migrations: [FIRST, "ALTER TABLE packets ADD COLUMN extra TEXT NOT NULL DEFAULT ''"] });
  expect(keysIn(second.db)).toEqual(["a", "b"]);
  expect(at.heard).toEqual([
    expect.objectContaining({ level: "info", fields: { file: at.file, to: `${at.file}.v1.bak` } }),
  ]);
  second.guards.close();
  expect(fs.statSync(`${at.file}.v1.bak`).mode & 0o777).toBe(0o600);
  fs.renameSync(`${at.file}.v1.bak`, at.file);
  const old = at.open();
  expect([keysIn(old.db), add(old, "c"), old.guards.tailLost]).toEqual([["a", "b"], 3, 0]);
});

test("an upgrade that fails leaves the old version", () => {
  using at = guardedFile();
  const first = at.open();
  add(first, "a");
  first.guards.close();
  expect(() => at.open({ migrations: [FIRST, "DELETE FROM packets; NO SUCH STATEMENT;"] })).toThrow("syntax error");
  expect(keysIn(at.open().db)).toEqual(["a"]);
});

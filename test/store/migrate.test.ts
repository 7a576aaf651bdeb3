import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { checkOwner, migrate, readNumber } from "../../src/store/migrate.ts";

const APPLICATION = 0x53434e5a;
const FIRST = "CREATE TABLE a (n INTEGER); INSERT INTO a VALUES (1);";

test("migrate() takes a file from its version to the last, and keeps what it holds", () => {
  const db = new Database(":memory:");
  migrate(db, "q", APPLICATION, [FIRST]);
  migrate(db, "q", APPLICATION, [FIRST, "ALTER TABLE a ADD COLUMN m INTEGER DEFAULT 2;"]);
  expect(db.query("SELECT * FROM a").all()).toEqual([{ n: 1, m: 2 }]);
  expect([readNumber(db, "user_version"), readNumber(db, "application_id")]).toEqual([2, APPLICATION]);
});

test("migrate() leaves the old version whole when a step fails", () => {
  const db = new Database(":memory:");
  migrate(db, "q", APPLICATION, [FIRST]);
  expect(() => migrate(db, "q", APPLICATION, [FIRST, "DELETE FROM a;", "NO SUCH STATEMENT;"])).toThrow("syntax");
  expect(db.query("SELECT * FROM a").all()).toEqual([{ n: 1 }]);
  expect(readNumber(db, "user_version")).toBe(1);
});

test("migrate() refuses a file of a later version, naming both", () => {
  const db = new Database(":memory:");
  db.run("PRAGMA user_version = 3");
  expect(() => migrate(db, "q", APPLICATION, [FIRST])).toThrow(
    "QUEUE_NEWER: cannot open q: it has version 3, this schnitzel knows up to version 1",
  );
});

test("checkOwner() takes an empty file and our own, and names the tables of any other", () => {
  const db = new Database(":memory:");
  checkOwner(db, "q", APPLICATION);
  db.run("CREATE TABLE packets (n INTEGER)");
  expect(() => checkOwner(db, "q", APPLICATION)).toThrow(
    /tables packets; name another path, or set layout: predecessor/,
  );
  db.run(`PRAGMA application_id = ${APPLICATION}`);
  checkOwner(db, "q", APPLICATION);
});

import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { HighWater } from "../../../src/store/high_water.ts";
import { add, guardedFile, keysIn } from "./setup.ts";

/** The file as a kill leaves it: copied away while it is open, put back when it is closed. */
function asKilled(file: string, change: (files: Map<string, Buffer>) => void, close: () => void) {
  const files = new Map(["", "-wal", ".hwm"].map((end) => [end, fs.readFileSync(file + end)]));
  close();
  change(files);
  for (const end of ["", "-wal", ".hwm"]) {
    const bytes = files.get(end);
    if (bytes === undefined) fs.rmSync(file + end, { force: true });
    else fs.writeFileSync(file + end, bytes);
  }
}

test("openFile() counts exactly the rows that a deleted log took along, and goes on above them", () => {
  using at = guardedFile();
  const first = at.open();
  add(first, "a", "b");
  at.clock.advance(1_000); // the first two are folded into the file
  add(first, "c", "d", "e");
  asKilled(
    at.file,
    (files) => files.delete("-wal"),
    () => first.guards.close(),
  );

  const second = at.open();
  expect(keysIn(second.db)).toEqual(["a", "b"]);
  expect(second.guards.tailLost).toBe(3);
  expect(at.heard).toEqual([
    expect.objectContaining({ level: "error", fields: expect.objectContaining({ tailLost: 3, last: 2, given: 5 }) }),
  ]);
  expect(add(second, "f")).toBe(6);
  expect(second.db.query("SELECT skipped FROM totals").get()).toEqual({ skipped: 3 });
});

test("openFile() counts a loss once, and remembers it for ever", () => {
  using at = guardedFile();
  const first = at.open();
  add(first, "a");
  asKilled(
    at.file,
    (files) => files.delete("-wal"),
    () => first.guards.close(),
  );
  at.open().guards.close();
  at.heard.length = 0;
  expect(at.open().guards.tailLost).toBe(1);
  expect(at.heard).toEqual([]);
});

test("openFile() counts what a flipped bit in the log takes along, which SQLite passes over", () => {
  using at = guardedFile({ ballastBytes: 0 });
  const first = at.open();
  for (let row = 1; row <= 40; row++) add(first, `k${row}`);
  asKilled(
    at.file,
    (files) => {
      const log = files.get("-wal")!;
      log[Math.floor(log.length / 2)]! ^= 1;
    },
    () => first.guards.close(),
  );
  const second = at.open();
  const left = keysIn(second.db).length;
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(40);
  expect(second.guards.tailLost).toBe(40 - left);
});

test("openFile() finds nothing missing after a kill, and after a close", () => {
  using at = guardedFile();
  const first = at.open();
  add(first, "a", "b");
  asKilled(
    at.file,
    () => {},
    () => first.guards.close(),
  );
  const second = at.open();
  expect([keysIn(second.db), second.guards.tailLost]).toEqual([["a", "b"], 0]);
  second.guards.close();
  expect(at.open().guards.tailLost).toBe(0);
  expect(at.heard).toEqual([]);
});

test("the mark survives a damaged slot: the other one speaks, and the loss is still seen", () => {
  using at = guardedFile();
  const first = at.open();
  for (const key of ["a", "b", "c"]) {
    add(first, key);
    at.clock.advance(1_000);
  }
  first.guards.close();
  for (const slot of [0, 4_096]) {
    const bytes = fs.readFileSync(`${at.file}.hwm`);
    bytes[slot + 17]! ^= 0x40;
    const copy = `${at.file}.${slot}`;
    fs.writeFileSync(`${copy}.hwm`, bytes);
    const water = new HighWater(copy);
    expect(water.fault).toBe("one of its two marks is damaged, the other one counts");
    // The slots took turns each second, so the older one is at most one behind.
    expect(water.mark.seq).toBeWithin(2, 4);
  }
});

test("openFile() says when both marks are damaged, and makes new ones", () => {
  using at = guardedFile();
  const first = at.open();
  add(first, "a");
  first.guards.close();
  fs.writeFileSync(`${at.file}.hwm`, Buffer.alloc(4_160));
  const second = at.open();
  expect(keysIn(second.db)).toEqual(["a"]);
  expect(at.heard.map(({ message }) => message)).toEqual([expect.stringContaining("both of its marks are damaged")]);
  second.guards.close();
  expect(new HighWater(at.file).mark.seq).toBe(1);
});

test("the mark is brought to the disk at most once a second, and never the slot that is there", () => {
  using at = guardedFile();
  const first = at.open();
  const slots = () =>
    [0, 4_096].map((start) =>
      fs
        .readFileSync(`${at.file}.hwm`)
        .subarray(start, start + 64)
        .toString("hex"),
    );
  const before = slots();
  add(first, "a");
  add(first, "b");
  add(first, "c");
  // Three commits in one second wrote one slot; the other is the one an fsync brought to the disk.
  const within = slots();
  expect(within.filter((slot, index) => slot !== before[index])).toHaveLength(1);
  at.clock.advance(1_000);
  add(first, "d");
  const after = slots();
  expect(after.map((slot, index) => slot === within[index])).toEqual(
    within.map((slot, index) => slot !== before[index]),
  );
});

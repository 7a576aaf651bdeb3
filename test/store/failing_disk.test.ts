import { Database, SQLiteError } from "bun:sqlite";
import { expect, test } from "bun:test";
import { bareFile, openInline } from "../../src/store/index.ts";
import { entries, lease } from "../conformance/queue.ts";
import { virtualClock } from "../support/clock.ts";

/** As SQLite would throw it: the class cannot be made from outside. */
function failure(code: string): SQLiteError {
  const error = Object.assign(new Error("told to fail"), { name: "SQLiteError", code });
  return Object.setPrototypeOf(error, SQLiteError.prototype) as SQLiteError;
}

/** A database whose commits fail as told. */
class FailingDatabase extends Database {
  /** Codes of the commits to come; `after` fails when it is written all the same. */
  readonly fates: { code: string; after?: boolean }[] = [];

  // biome-ignore lint/suspicious/noExplicitAny: the type of the original
  override prepare(sql: string, ...values: any): any {
    if (sql !== "COMMIT") return super.prepare(sql, ...values);
    const statement = super.prepare(sql);
    return {
      run: () => {
        const fate = this.fates.shift();
        if (fate === undefined || fate.after) statement.run();
        if (fate !== undefined) throw failure(fate.code);
        return { changes: 0 };
      },
      finalize: () => statement.finalize(),
    };
  }
}

async function setup() {
  const db = new FailingDatabase(":memory:", { strict: true });
  const told: string[] = [];
  let full = false;
  const opened = bareFile(db, {
    onFull: (call) => void told.push(`full: ${call}`),
    beforeEnqueue: () => (full ? "disk" : undefined),
  });
  const reopen = () => {
    told.push("reopened");
    return opened;
  };
  const clock = virtualClock();
  const queue = await openInline("q", { clock, onEvent() {}, opened: Object.assign(opened, { reopen }) });
  const disk = (is: "full" | "roomy") => {
    full = is === "full";
  };
  return { db, told, clock, queue, disk };
}

const refused = (promise: Promise<unknown>) => promise.catch((error) => error.code);

test("a commit that fails at the disk rejects all that shared it, and the file is opened again", async () => {
  const { db, told, queue } = await setup();
  await queue.enqueue(entries("a"));
  const [a] = await lease(queue, 1, "worker", 10_000);
  db.fates.push({ code: "SQLITE_IOERR_FSYNC" });
  const outcomes = await Promise.all([refused(queue.enqueue(entries("b"))), refused(queue.ack([a!]))]);
  expect(outcomes).toEqual(["QUEUE_UNWRITABLE", "QUEUE_UNWRITABLE"]);
  expect(told).toEqual(["reopened"]);
  expect(queue.stats()).toMatchObject({ ready: 0, leased: 1, degraded: false });
  expect(await queue.ack([a!])).toEqual(["done"]);
  expect(await queue.enqueue(entries("b"))).toEqual([{ seq: 2, duplicate: false }]);
  expect(await queue.verify()).toEqual([]);
});

test("a commit that failed and is there all the same repeats nothing when it is asked for again", async () => {
  const { db, queue } = await setup();
  await queue.enqueue(entries("a"));
  const [a] = await lease(queue, 1, "worker", 10_000);
  db.fates.push({ code: "SQLITE_IOERR_FSYNC", after: true });
  await Promise.all([refused(queue.enqueue(entries("b"))), refused(queue.ack([a!]))]);
  expect(await queue.enqueue(entries("b"))).toEqual([{ seq: 2, duplicate: true }]);
  expect(await queue.ack([a!])).toEqual(["missing"]);
  expect(await lease(queue, 9, "worker", 10_000)).toMatchObject([{ key: "b", attempt: 1 }]);
  expect(await queue.verify()).toEqual([]);
});

test("a queue is degraded after three commits that failed, says so, and is not with the next that succeeds", async () => {
  const { db, queue } = await setup();
  const told: boolean[] = [];
  queue.onChange(({ degraded }) => void told.push(degraded));
  for (let times = 1; times <= 3; times++) {
    db.fates.push({ code: "SQLITE_IOERR_WRITE" });
    expect(await refused(queue.enqueue(entries("a")))).toBe("QUEUE_UNWRITABLE");
    expect(queue.stats().degraded).toBe(times === 3);
  }
  expect(await queue.enqueue(entries("a"))).toEqual([{ seq: 1, duplicate: false }]);
  expect(told).toEqual([true, false]);
});

test.each(["SQLITE_READONLY", "SQLITE_CANTOPEN"])(
  "a commit that fails with %s has the file opened again",
  async (code) => {
    const { db, told, queue } = await setup();
    for (let times = 1; times <= 3; times++) {
      db.fates.push({ code });
      expect(await refused(queue.enqueue(entries("a")))).toBe("QUEUE_UNWRITABLE");
    }
    expect(told).toEqual(["reopened", "reopened", "reopened"]);
    expect(queue.stats().degraded).toBe(true);
    expect(await queue.enqueue(entries("a"))).toEqual([{ seq: 1, duplicate: false }]);
    expect(queue.stats().degraded).toBe(false);
  },
);

test("leases that wait are served once, in turn, when the transaction they came with is done again in parts", async () => {
  const { db, queue } = await setup();
  db.fates.push({ code: "SQLITE_CONSTRAINT" });
  const request = { count: 1, holder: "worker", leaseMs: 10_000, wait: true };
  const [first, second] = [queue.lease(request), queue.lease(request)];
  await queue.enqueue(entries("a"));
  await queue.enqueue(entries("b"));
  expect([await first, await second]).toMatchObject([[{ key: "a" }], [{ key: "b" }]]);
  await queue.enqueue(entries("c"));
  expect(queue.stats()).toMatchObject({ ready: 1, leased: 2 });
});

test("a lease that waits outlives a commit that failed", async () => {
  const { db, queue } = await setup();
  const waiting = queue.lease({ count: 9, holder: "worker", leaseMs: 1_000, wait: true });
  await queue.scan(0, 1);
  db.fates.push({ code: "SQLITE_IOERR_FSYNC" });
  expect(await refused(queue.enqueue(entries("a")))).toBe("QUEUE_UNWRITABLE");
  await queue.enqueue(entries("b"));
  expect(await waiting).toMatchObject([{ key: "b" }]);
});

test("a full disk refuses what comes in, and what goes out goes on", async () => {
  const { db, told, queue, clock, disk } = await setup();
  const fulls: (string | undefined)[] = [];
  queue.onChange(({ full }) => void fulls.push(full));
  await queue.enqueue(entries("a"));
  const [a] = await lease(queue, 1, "worker", 10_000);
  disk("full");
  db.fates.push({ code: "SQLITE_FULL" });
  const outcomes = await Promise.all([
    refused(queue.scan(0, 1)),
    queue.ack([a!]),
    refused(queue.enqueue(entries("b"))),
  ]);
  expect(outcomes).toMatchObject([[{ key: "a" }], ["done"], "QUEUE_FULL"]);
  expect(told).toEqual(["full: settle"]);
  disk("roomy");
  clock.advance(500);
  await queue.scan(0, 1);
  expect(fulls).toEqual(["disk", undefined]);
  expect(await queue.verify()).toEqual([]);
});

test("a part of a commit that SQLite refuses fails alone", async () => {
  const { db, queue } = await setup();
  db.run("CREATE TRIGGER picky BEFORE INSERT ON packets WHEN NEW.key = 'bad' BEGIN SELECT raise(ABORT, 'picky'); END");
  const calls = ["a", "bad", "c"].map((key) => refused(queue.enqueue(entries(key))));
  expect(await Promise.all(calls)).toEqual([
    [{ seq: 1, duplicate: false }],
    "QUEUE_UNWRITABLE",
    [{ seq: 2, duplicate: false }],
  ]);
  expect(await queue.verify()).toEqual([]);
});

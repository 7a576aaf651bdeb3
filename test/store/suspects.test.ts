import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { bareFile, QUEUE_DEFAULTS, type QueueOptions, type QueueRow } from "../../src/store/index.ts";
import { SqliteQueue } from "../../src/store/sqlite_queue.ts";
import { entries } from "../conformance/queue.ts";

function setup(options: Partial<QueueOptions>) {
  const db = new Database(":memory:", { strict: true });
  bareFile(db);
  const open = () => new SqliteQueue("q", db, { ...QUEUE_DEFAULTS, ...options }, 1_000);
  let core = open();
  const apply = (operation: Parameters<SqliteQueue["apply"]>[0]) => {
    core.begin(1_000);
    const value = core.apply(operation);
    core.commit();
    return value;
  };
  return {
    apply,
    lease: () => apply({ op: "lease", request: { count: 99, holder: "worker", leaseMs: 1_000 } }) as QueueRow[],
    /** A process that ends without a word, and the next one. */
    crash() {
      core.release();
      core = open();
    },
    dead: () => core.totals.dead,
  };
}

const shown = (rows: QueueRow[]) => rows.map(({ key, attempt }) => `${key} ${attempt}`);

test("a crash buries no row that was out together with others; one that was out alone has had its last try", () => {
  const { apply, lease, crash, dead } = setup({ maxAttempts: 1 });
  apply({ op: "enqueue", entries: entries("a", "b", "c") });
  expect(shown(lease())).toEqual(["a 1", "b 1", "c 1"]);
  crash();
  expect(shown(lease())).toEqual(["a 1"]);
  expect(dead()).toBe(0);
  crash();
  const rows = lease();
  expect(shown(rows)).toEqual(["b 1"]);
  expect(dead()).toBe(1);
  apply({ op: "ack", leases: rows });
  expect(shown(lease())).toEqual(["c 1"]);
});

test("more than 32 that were out in a crash go in groups, without new rows; of a group that ends the process each goes alone", () => {
  const { apply, lease, crash } = setup({});
  const keys = Array.from({ length: 40 }, (_, at) => `k${at}`);
  apply({ op: "enqueue", entries: entries(...keys) });
  expect(lease()).toHaveLength(40);
  crash();
  apply({ op: "enqueue", entries: entries("new") });
  expect(shown(lease())).toEqual(keys.slice(0, 32).map((key) => `${key} 2`));
  expect(lease()).toEqual([]);
  crash();
  expect(shown(lease())).toEqual(["k0 3"]);
});

test("a row at its last try that was out with others goes out alone once more; crashes before it are counted", () => {
  const { apply, lease, crash, dead } = setup({ maxAttempts: 3 });
  apply({ op: "enqueue", entries: entries("a", "b") });
  for (let times = 1; times <= 2; times++) {
    const failures = lease().map((row) => ({ ...row, reason: "no", delayMs: 0 }));
    apply({ op: "nack", failures });
  }
  expect(shown(lease())).toEqual(["a 3", "b 3"]);
  crash();
  expect(shown(lease())).toEqual(["a 3"]);
  crash();
  expect(shown(lease())).toEqual(["b 3"]);
  expect(dead()).toBe(1);
});

test("rows that were cleared count no try in a crash, and suspects that were hold no other row back", () => {
  const { apply, lease, crash, dead } = setup({ maxAttempts: 1 });
  apply({ op: "enqueue", entries: entries("a", "b", "c", "d") });
  const [, b, , d] = lease();
  apply({ op: "clear", leases: [b!, d!] });
  crash();
  // a and c are suspects, so they go alone; those that were cleared are as they were.
  const first = lease();
  expect(shown(first)).toEqual(["a 1"]);
  expect(lease()).toEqual([]);
  apply({ op: "clear", leases: first });
  expect(shown(lease())).toEqual(["b 1"]);
  apply({ op: "clear", leases: [b!] });
  expect(shown(lease())).toEqual(["c 1"]);
  crash();
  expect(dead()).toBe(0);
  // c was out alone, and that was its only try.
  expect(shown(lease())).toEqual(["a 1", "b 1", "d 1"]);
  expect(dead()).toBe(1);
});

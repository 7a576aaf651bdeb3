import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { bareFile, QUEUE_DEFAULTS, type QueueRow } from "../../src/store/index.ts";
import type { Operation } from "../../src/store/operation.ts";
import { QueueHost } from "../../src/store/queue_host.ts";
import { entries } from "../conformance/queue.ts";
import { virtualClock } from "../support/clock.ts";

/** Counts the rows its statements give. */
class CountingDatabase extends Database {
  rows = 0;

  // biome-ignore lint/suspicious/noExplicitAny: the type of the original
  override prepare(sql: string, ...values: any): any {
    const statement = super.prepare(sql, ...values);
    const all = statement.all.bind(statement);
    statement.all = (...given: never[]) => {
      const rows = all(...given);
      this.rows += rows.length;
      return rows;
    };
    return statement;
  }
}

function setup(maxAgeMs: number) {
  const clock = virtualClock();
  const db = new CountingDatabase(":memory:", { strict: true });
  const host = new QueueHost("q", bareFile(db), { ...QUEUE_DEFAULTS, maxAgeMs }, clock.nowMs());
  const ask = (operation: Operation) => host.round([{ id: 1, operation }], clock.nowMs());
  const lease = (count: number) => {
    const { answers } = ask({ op: "lease", request: { count, holder: "worker", leaseMs: Number.POSITIVE_INFINITY } });
    return (answers[0] as { value: QueueRow[] }).value;
  };
  return { clock, db, ask, lease };
}

test("rows that are out and too old wake nobody, and are set aside when they come back", () => {
  const { clock, ask, lease } = setup(1_000);
  ask({ op: "enqueue", entries: entries("a", "b") });
  const rows = lease(2);
  clock.advance(2_000);
  expect(ask({ op: "tick" })).toMatchObject({ dueMs: undefined, stats: { leased: 2, expired: 0 } });
  const { dueMs } = ask({ op: "release", leases: [rows[1]!] });
  expect(dueMs).toBe(clock.nowMs() + 1);
  clock.advance(1);
  expect(ask({ op: "tick" })).toMatchObject({ dueMs: undefined, stats: { ready: 0, leased: 1, expired: 1 } });
});

test("a row behind those that are out is set aside when its time has come", () => {
  const { clock, ask, lease } = setup(1_000);
  ask({ op: "enqueue", entries: entries("a", "b") });
  lease(2);
  clock.advance(900);
  const firstMs = clock.nowMs();
  ask({ op: "enqueue", entries: entries("c") });
  clock.advance(100);
  expect(ask({ op: "tick" }).dueMs).toBe(firstMs + 1_000);
  clock.advance(900);
  expect(ask({ op: "tick" })).toMatchObject({ dueMs: undefined, stats: { ready: 0, leased: 2, expired: 1 } });
});

test("a commit does not look at every row that is out", () => {
  const { db, ask, lease } = setup(1_000);
  ask({ op: "enqueue", entries: entries(...Array.from({ length: 4_000 }, (_, at) => `k${at}`)) });
  expect(lease(4_000)).toHaveLength(4_000);
  db.rows = 0;
  ask({ op: "enqueue", entries: entries("z") });
  expect(db.rows).toBeLessThan(100);
});

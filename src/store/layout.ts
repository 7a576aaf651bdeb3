import type { Database } from "bun:sqlite";
import type { FileOptions } from "./guards.ts";
import queueSchema from "./migrations/0001_queue.sql" with { type: "text" };
import ranges from "./migrations/0002_ranges.sql" with { type: "text" };

/** `SCNZ`, in the header of every file of ours. */
export const APPLICATION_ID = 0x53434e5a;
/** Statements that lead from one version of a queue file to the next; the first make an empty one. */
export const MIGRATIONS: readonly string[] = [queueSchema, ranges];
/** What tells a queue file of ours, and the newest layout this program knows. */
export const QUEUE_FORMAT = { applicationId: APPLICATION_ID, version: MIGRATIONS.length } as const;

/** What `openFile` is told about every queue file. */
export const QUEUE_FILE: Pick<FileOptions, "applicationId" | "migrations" | "sequence" | "onSkip"> = {
  applicationId: APPLICATION_ID,
  migrations: MIGRATIONS,
  sequence: "packets",
  // Invariant of `totals`: given = waiting + dead + done.
  onSkip: (db: Database, count: number) =>
    void db.run("UPDATE totals SET given = given + ?1, done = done + ?1", [count]),
};

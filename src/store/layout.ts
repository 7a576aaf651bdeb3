import queueSchema from "./migrations/0001_queue.sql" with { type: "text" };

/** `SCNZ`, in the header of every file of ours. */
export const APPLICATION_ID = 0x53434e5a;
/** Statements that lead from one version of a queue file to the next; the first make an empty one. */
export const MIGRATIONS: readonly string[] = [queueSchema];
/** What tells a queue file of ours, and the newest layout this program knows. */
export const QUEUE_FORMAT = { applicationId: APPLICATION_ID, version: MIGRATIONS.length } as const;

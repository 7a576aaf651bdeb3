import type { Database } from "bun:sqlite";
import type { OpenedFile } from "./guards.ts";
import { APPLICATION_ID, MIGRATIONS } from "./layout.ts";
import { migrate } from "./migrate.ts";

/** A database without anything around it, such as one in memory, as a queue file: for the simulation and tests. */
export function bareFile(db: Database, guards: Partial<OpenedFile["guards"]> = {}): OpenedFile {
  migrate(db, ":memory:", APPLICATION_ID, MIGRATIONS);
  const opened: OpenedFile = {
    db,
    guards: {
      beforeEnqueue: () => undefined,
      afterCommit() {},
      onFull() {},
      walBytes: () => 0,
      fileBytes: () => 0,
      tailLost: 0,
      close: () => db.close(),
      ...guards,
    },
    movedTo: undefined,
    reopen: () => opened,
    moveAsideAndReopen(cause) {
      throw cause;
    },
  };
  return opened;
}

import type { Alarms } from "../../src/store/alarms.ts";
import type { FileOptions, Guards, OpenedFile, Refusal } from "../../src/store/guards.ts";
import type { HighWater, Mark } from "../../src/store/high_water.ts";
import { QUEUE_FILE } from "../../src/store/layout.ts";
import { migrate } from "../../src/store/migrate.ts";
import { compareNumbers } from "../../src/store/tail.ts";
import type { SimDatabase } from "./sim_database.ts";

/** What a file of the simulation stands on. */
export interface Ground {
  /** Opens what is on the disk now. */
  database(): SimDatabase;
  /** The mark beside the file, which outlives the process. */
  readonly mark: Readonly<Mark>;
  note(change: Partial<Mark>): void;
  /** Why nothing may come in. */
  refusal(): Refusal | undefined;
  /** A commit found no room, and rows have to leave. */
  giveUpBallast(): void;
  /** It lost its end: so many numbers are missing. */
  alarm(missing: number): void;
  closed(db: SimDatabase): void;
}

/** What kind of file it is. */
export type SimLayout = Pick<FileOptions, "applicationId" | "migrations" | "sequence" | "onSkip">;

/** A file as the program opens it, with the program's own look at what is missing at its end. */
export function openSimFile(ground: Ground, knownSeq: number, layout: SimLayout = QUEUE_FILE): OpenedFile {
  const db = ground.database();
  const before = ground.mark.lost;
  migrate(db, "simulated", layout.applicationId, layout.migrations);
  const water = {
    file: "simulated.hwm",
    get mark() {
      return ground.mark;
    },
    note: (change: Partial<Mark>) => ground.note(change),
  };
  const parts = { db, water: water as HighWater, alarms: { tell() {} } as unknown as Alarms, knownSeq, isNew: false };
  compareNumbers(parts, layout as FileOptions);
  if (ground.mark.lost > before) ground.alarm(ground.mark.lost - before);
  return {
    db,
    guards: guardsOf(ground, db),
    movedTo: undefined,
    reopen: () => {
      if (db.inTransaction) db.run("ROLLBACK");
      ground.closed(db);
      return openSimFile(ground, ground.mark.seq, layout);
    },
    moveAsideAndReopen(cause) {
      throw cause;
    },
  };
}

function guardsOf(ground: Ground, db: SimDatabase): Guards {
  return {
    beforeEnqueue: () => ground.refusal(),
    afterCommit(lastSeq) {
      ground.note({ seq: lastSeq });
    },
    onFull: (call) => call === "settle" && ground.giveUpBallast(),
    walBytes: () => 0,
    fileBytes: () => 0,
    get tailLost() {
      return ground.mark.lost;
    },
    close: () => ground.closed(db),
  };
}

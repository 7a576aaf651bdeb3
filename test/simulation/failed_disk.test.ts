import { expect, test } from "bun:test";
import { QUEUE_DEFAULTS } from "../../src/store/index.ts";
import type { Operation } from "../../src/store/operation.ts";
import { QueueHost } from "../../src/store/queue_host.ts";
import { entries } from "../conformance/queue.ts";
import { type CommitFate, SimDatabase } from "./sim_database.ts";
import { type Ground, openSimFile } from "./sim_file.ts";

/** A queue on a disk whose next commits fare as told. */
function setup() {
  const fates: CommitFate[] = [];
  let image: Uint8Array | undefined;
  const ground: Ground = {
    database: () =>
      new SimDatabase(
        image,
        () => fates.shift() ?? "done",
        () => {},
      ),
    mark: { seq: 0, lost: 0, version: 0 },
    note() {},
    refusal: () => undefined,
    giveUpBallast() {},
    alarm() {},
    closed(db) {
      image = db.serialize();
    },
  };
  const host = new QueueHost("q", openSimFile(ground, 0), { ...QUEUE_DEFAULTS }, 0);
  const round = (...operations: Operation[]) =>
    host.round(
      operations.map((operation, id) => ({ id, operation })),
      0,
    );
  return { fates, round };
}

test("a disk that is full, and then fails while rows leave, is opened again: the counts are those of the file", () => {
  const { fates, round } = setup();
  round({ op: "enqueue", entries: entries("a") });
  fates.push("full", "indeterminate");
  round({ op: "enqueue", entries: entries("b") }, { op: "ack", leases: [{ seq: 1 }] });
  const { answers, stats } = round({ op: "verify" });
  expect(answers).toEqual([{ id: 0, name: "verify", value: [] }]);
  expect(stats.ready).toBe(0);
});

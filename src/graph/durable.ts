import * as v from "valibot";
import { BYTE_SIZE, bytesOf } from "../base/byte_size.ts";
import { DURATION, durationMs } from "../base/duration.ts";
import type { DurableOptions } from "./plan.ts";

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
export const byteSize = v.pipe(
  v.union(
    [positive, v.pipe(v.string(), v.regex(BYTE_SIZE, "must be a number of bytes or a size such as 64MiB"))],
    "must be a number of bytes or a size such as 64MiB",
  ),
  v.transform(bytesOf),
  v.minValue(1),
);
const duration = v.pipe(
  v.pipe(v.string(), v.regex(DURATION, "must be a time such as 90s, 12h or 7d")),
  v.transform(durationMs),
  v.minValue(1),
);

/** What rows may be kept in order by: the packet's own fields, or a path into meta or payload. */
const PARTITION = /^(?:source_id|kind|(?:meta|payload)(?:\.[A-Za-z0-9_-]+)+)$/;

export const durableShape = v.strictObject({
  path: v.optional(
    v.pipe(v.string(), v.nonEmpty(), v.description("The queue's file; default one per edge in the state directory.")),
  ),
  durability: v.optional(
    v.pipe(
      v.picklist(["full", "relaxed"]),
      v.description("`full` (default): a power cut loses nothing. `relaxed`: it may lose the last commits."),
    ),
  ),
  partition_by: v.optional(
    v.pipe(
      v.string(),
      v.regex(PARTITION, "must be source_id, kind, or a path such as meta.camera or payload.robot.id"),
      v.description("Packets with the same value stay in order; default source_id."),
    ),
  ),
  ordered: v.optional(v.pipe(v.boolean(), v.description("False lets a packet overtake one that is tried again."))),
  max_bytes: v.optional(v.pipe(byteSize, v.description("Payload and meta that may wait; default 4GiB."))),
  max_age: v.optional(v.pipe(duration, v.description("Older rows become dead letters, such as 7d; default never."))),
  min_free: v.optional(v.pipe(byteSize, v.description("Disk that stays free; default 64MiB."))),
  overflow: v.optional(
    v.pipe(v.picklist(["block", "drop_newest", "drop_oldest"]), v.description("When it is full; default block.")),
  ),
  max_attempts: v.optional(
    v.pipe(positive, v.maxValue(1_000), v.description("Failed tries before a row is a dead letter; default 5.")),
  ),
  backoff_ms: v.optional(
    v.pipe(positive, v.description("Longest first wait after a failure, doubled each time; 500.")),
  ),
  backoff_max_ms: v.optional(v.pipe(positive, v.maxValue(300_000), v.description("Longest wait; default 10,000."))),
  remember_sec: v.optional(
    v.pipe(v.number(), v.minValue(0), v.description("How long the key of a delivered packet is known; default 3,600.")),
  ),
  drain_rate: v.optional(
    v.pipe(
      v.number(),
      v.gtValue(0),
      v.description("Packets of the backlog per second after a restart; default no limit."),
    ),
  ),
  order: v.optional(
    v.pipe(
      v.picklist(["oldest_first", "live_first"]),
      v.description("`live_first` delivers new packets before the backlog; default oldest_first."),
    ),
  ),
});

/** `durable:` of an edge. */
export const durable = v.union(
  [v.boolean(), durableShape],
  "must be true, false, or a map such as { max_bytes: 2GiB }",
);

const payloadRefShape = v.strictObject({ over: v.pipe(byteSize, v.description("Larger payloads, such as 256KiB.")) });

/** `payload_ref:` of an edge. */
export const payloadRef = v.union([v.literal("auto"), payloadRefShape], "must be auto, or { over: 256KiB }");

/** `auto`: above this a row costs more to copy through SQLite's log than a file of its own. */
const AUTO_OVER_BYTES = 256 * 1024;

export function payloadRefOver(given: v.InferOutput<typeof payloadRef>): number {
  return given === "auto" ? AUTO_OVER_BYTES : given.over;
}

/** Options of a durable edge with the defaults filled in; undefined when it is not durable. */
export function durableOptions(given: v.InferOutput<typeof durable>): DurableOptions | undefined {
  if (given === false) return undefined;
  const { max_age, remember_sec, partition_by, ...rest } = given === true ? {} : given;
  return {
    durability: "full",
    ordered: true,
    overflow: "block",
    max_attempts: 5,
    // With 5 attempts the longest waits are 0.5 s, 1 s, 2 s and 4 s.
    backoff_ms: 500,
    // Below 15 s, so that whatever ends an outage is noticed within that time.
    backoff_max_ms: 10_000,
    max_bytes: 4 * 1024 ** 3,
    min_free: 64 * 1024 ** 2,
    order: "oldest_first",
    ...rest,
    partition_by: partition_by ?? "source_id",
    remember_ms: (remember_sec ?? 3_600) * 1_000,
    ...(max_age === undefined ? {} : { max_age_ms: max_age }),
  };
}

import * as v from "valibot";
import { ControlError, type Verbs } from "../verb.ts";
import { matchingRows } from "./matching_rows.ts";
import { type NamedQueue, oneLookedInto, queuesNamed } from "./named_queue.ts";
import type { QueueVerbOptions } from "./queue_verbs.ts";
import { readArguments } from "./read_arguments.ts";
import { filterShape, RowMatcher } from "./row_filter.ts";
import { listed, whole } from "./row_view.ts";

const name = v.optional(v.string());
/** A list for a person; who wants all of it exports. */
export const MAX_PEEK = 10_000;
const limit = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_PEEK)), 20);

const lsSchema = v.strictObject({ queue: name });
const peekSchema = v.strictObject({ queue: name, ...filterShape, limit });
const showSchema = v.strictObject({ queue: name, dead: v.optional(v.boolean(), false), seq: v.number() });

/** What only looks. */
export function lookVerbs({ queues, clock, condition }: QueueVerbOptions): Verbs {
  return {
    "queue.ls": (args) =>
      queuesNamed(queues(), readArguments(lsSchema, args).queue).map((one) => summary(one, clock.nowMs())),

    async "queue.peek"(args, { signal }) {
      const { queue, limit, ...filter } = readArguments(peekSchema, args);
      const matcher = new RowMatcher(filter, condition);
      const rows: ReturnType<typeof listed>[] = [];
      for (const named of queuesNamed(queues(), queue)) {
        for await (const row of matchingRows(named.queue, filter, matcher, signal)) {
          // One more was found, so there are more.
          if (rows.length === limit) return { rows, more: true, ...doubts(matcher) };
          rows.push(listed(named.name, row));
        }
      }
      return { rows, more: false, ...doubts(matcher) };
    },

    async "queue.show"(args) {
      const { queue, dead, seq } = readArguments(showSchema, args);
      const named = oneLookedInto(queues(), queue);
      const [row] = await (dead ? named.queue.dead(seq - 1, 1) : named.queue.scan(seq - 1, 1));
      if (row?.seq === seq) return whole(named.name, row);
      const what = dead ? "dead letter" : "row";
      const hint = dead
        ? "without --dead it is looked for among the rows that wait"
        : "--dead looks among dead letters";
      throw new ControlError("QUEUE_UNKNOWN", `${named.name} has no ${what} ${seq}: it may be done by now; ${hint}`);
    },

    async "queue.verify"(args) {
      const found = [];
      for (const named of queuesNamed(queues(), readArguments(lsSchema, args).queue)) {
        found.push({ queue: named.name, file: named.file, faults: await named.queue.verify() });
      }
      return found;
    },
  };
}

/** What `--where` could not be asked, which a person should know before trusting the rest. */
export function doubts({ unevaluated, firstFault }: RowMatcher) {
  return unevaluated === 0 ? {} : { unevaluated, first_fault: firstFault };
}

export type QueueSummary = ReturnType<typeof summary>;

function summary({ name, file, queue }: NamedQueue, nowMs: number) {
  const stats = queue.stats();
  const { ready, leased, dead, bytes, oldestMs, full, degraded, damaged } = stats;
  return {
    ...{ name, file, ready, leased, dead, bytes, damaged, degraded },
    oldest_age_sec: oldestMs === undefined ? null : Math.max(0, (nowMs - oldestMs) / 1_000),
    full: full ?? null,
    file_bytes: stats.fileBytes,
    wal_bytes: stats.walBytes,
    tail_lost: stats.tailLost,
    dropped_oldest: stats.droppedOldest,
    expired: stats.expired,
    dead_dropped: stats.deadDropped,
    commits: stats.commits,
    committed_rows: stats.committedRows,
  };
}

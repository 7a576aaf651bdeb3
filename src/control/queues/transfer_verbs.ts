import * as v from "valibot";
import type { Verbs } from "../verb.ts";
import { doubts } from "./look_verbs.ts";
import { matchingRows } from "./matching_rows.ts";
import { oneQueue, queuesNamed } from "./named_queue.ts";
import type { QueueVerbOptions } from "./queue_verbs.ts";
import { readArguments } from "./read_arguments.ts";
import { readLine } from "./read_line.ts";
import { filterShape, RowMatcher } from "./row_filter.ts";
import { whole } from "./row_view.ts";

const exportSchema = v.strictObject({
  queue: v.optional(v.string()),
  ...filterShape,
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), Number.MAX_SAFE_INTEGER),
});

/** Lines of one import call: they are one transaction. */
export const IMPORT_LINES = 256;

const importSchema = v.strictObject({
  queue: v.optional(v.string()),
  dead: v.optional(v.boolean(), false),
  lines: v.pipe(v.array(v.strictObject({ at: v.number(), text: v.string() })), v.maxLength(IMPORT_LINES)),
  apply: v.optional(v.boolean(), false),
});

/** Rows out of queues and into them, as lines of JSON. */
export function transferVerbs({ queues, clock, condition }: QueueVerbOptions): Verbs {
  return {
    async "queue.export"(args, { signal, send }) {
      const { queue, limit, ...filter } = readArguments(exportSchema, args);
      const matcher = new RowMatcher(filter, condition);
      let exported = 0;
      for (const named of queuesNamed(queues(), queue)) {
        for await (const row of matchingRows(named.queue, filter, matcher, signal)) {
          if (exported === limit) return { exported, more: true, ...doubts(matcher) };
          await send(whole(named.name, row));
          exported += 1;
        }
      }
      return { exported, more: false, ...doubts(matcher) };
    },

    /** Nothing of a call with a bad line is written. */
    async "queue.import"(args) {
      const { queue, dead, lines, apply } = readArguments(importSchema, args);
      const named = oneQueue(queues(), queue);
      const read = lines.map(({ at, text }) => readLine(at, text, clock.nowMs()));
      const faults = read.flatMap((line) => ("fault" in line ? [line.fault] : []));
      const letters = read.flatMap((line) => ("letter" in line ? [line.letter] : []));
      if (faults.length > 0 || !apply)
        return { queue: named.name, read: letters.length, faults, written: 0, duplicates: 0 };
      if (dead) {
        await named.queue.setAside(letters);
        return { queue: named.name, read: letters.length, faults, written: letters.length, duplicates: 0 };
      }
      const results = await named.queue.enqueue(letters);
      const duplicates = results.filter(({ duplicate }) => duplicate).length;
      return { queue: named.name, read: letters.length, faults, written: results.length - duplicates, duplicates };
    },
  };
}

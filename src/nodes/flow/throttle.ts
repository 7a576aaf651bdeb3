import * as v from "valibot";
import { ANY, defineNode, type Hold, port } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { duration, durationMs } from "../duration.ts";
import { keyExpression, keyIssues, keyOf, MAX_KEYS } from "./key_of.ts";
import { type Kept, LatestPerKey, timeConfig } from "./latest_per_key.ts";

const at = (second: string, i: number) => ({ ts: `2026-01-01T00:00:${second}Z`, payload: { i } });

export const throttle = defineNode({
  name: "throttle",
  kind: "policy",
  stateVersion: 1,
  doc: `Passes at most one packet per key and interval: the first, the last, or both; the others leave by \`skipped\`.

- \`leading\`: the first packet opens an interval and passes; those that follow within it are skipped.
- \`trailing\`: the first opens an interval, and at its end the last one passes.
- \`latest\`: the first passes at once and the last one at the end, so a value that stays is never missed.

\`rate_limit\` lets several packets pass per window and holds none back. By the clock an interval starts when a packet
comes; in event time at the packet's own time, and it ends when event time has passed: then a replay gives the same
packets. A packet that is held keeps its source waiting for its ack. When the input ends, what is held passes.`,
  config: v.strictObject({
    interval: v.pipe(duration, v.description("One packet in so long: `500ms`, `10s`, `5m`.")),
    mode: v.pipe(
      v.optional(v.picklist(["leading", "trailing", "latest"]), "latest"),
      v.description("Which packet passes."),
    ),
    time: timeConfig,
    key: keyExpression,
    max_keys: v.pipe(
      v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), MAX_KEYS),
      v.description("Keys with an open interval; beyond it the oldest ends early, and its packet passes."),
    ),
  }),
  inputs: { in: port(ANY, "Packets, maybe too many.") },
  passes: true,
  outputs: { out: port(ANY, "At most one per key and interval."), skipped: port(ANY, "The others.") },
  examples: [
    {
      title: "The first, and the last of each second after it",
      config: { interval: "1s", time: "event" },
      input: [at("00.0", 1), at("00.2", 2), at("00.8", 3), at("01.5", 4), at("04.0", 5)],
      output: { out: [at("00.0", 1), at("00.8", 3), at("01.5", 4), at("04.0", 5)], skipped: [at("00.2", 2)] },
    },
    {
      title: "The first only",
      config: { interval: "1s", mode: "leading", time: "event" },
      input: [at("00.0", 1), at("00.9", 2), at("01.0", 3)],
      output: { out: [at("00.0", 1), at("01.0", 3)], skipped: [at("00.9", 2)] },
    },
  ],
  check: ({ key }) => keyIssues(key),
  create({ interval, mode, time, key, max_keys }, context) {
    const intervalMs = durationMs(interval);
    const keyFor = keyOf(key);
    const opened = (sinceMs: number, packet?: StreamPacket, hold?: Hold): Kept => ({
      ...{ sinceMs, dueMs: sinceMs + intervalMs, packet, hold },
    });
    /** With a packet an interval that ends is followed by another, so that the next one waits as long. */
    const onDue = ({ dueMs, packet }: Kept) => ({
      emit: true,
      next: packet === undefined ? undefined : opened(dueMs),
    });
    const latest = new LatestPerKey({ time, max_keys, onDue }, context);
    return {
      process(packet, emit) {
        const nowMs = latest.nowMs(packet);
        const name = keyFor(packet);
        const leaving = latest.expire(name, nowMs);
        const open = latest.get(name);
        const passes = open === undefined && mode !== "trailing";
        const skipsItself = open !== undefined && (mode === "leading" || latest.isStale(packet, open.packet));
        const stays = !passes && !skipsItself;
        const kept = stays ? { packet, hold: context.hold() } : {};
        if (open === undefined || stays) leaving.push(...latest.put(name, { ...(open ?? opened(nowMs)), ...kept }));
        for (const due of leaving) latest.letGo(due, emit.out);
        if (passes) latest.letGo({ packet, hold: undefined }, emit.out);
        const left = skipsItself ? { packet, hold: undefined } : open;
        if (left?.packet !== undefined) latest.skip(left, emit.skipped);
      },
      ...latest.hooks(),
    };
  },
});

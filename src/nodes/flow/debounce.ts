import * as v from "valibot";
import { ANY, type ConfigIssue, defineNode, port } from "../../node/index.ts";
import { duration, durationMs } from "../duration.ts";
import { keyExpression, keyIssues, keyOf, MAX_KEYS } from "./key_of.ts";
import { LatestPerKey, timeConfig } from "./latest_per_key.ts";

const config = v.strictObject({
  quiet: v.pipe(duration, v.description("A packet passes when none followed it for so long: `200ms`, `5s`.")),
  max_wait: v.pipe(
    v.optional(duration),
    v.description("Passes the last one after so long also when it never gets quiet; ten times `quiet` when left out."),
  ),
  time: timeConfig,
  key: keyExpression,
  max_keys: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), MAX_KEYS),
    v.description("Keys that wait for quiet; beyond it the one that waits longest passes early."),
  ),
});

type Config = v.InferOutput<typeof config>;

const at = (second: string, state: string) => ({ ts: `2026-01-01T00:00:${second}Z`, payload: { state } });

export const debounce = defineNode({
  name: "debounce",
  kind: "policy",
  stateVersion: 1,
  doc: `Passes the last packet of a burst, once nothing has followed it for a while; those before it leave by \`skipped\`.

A contact that bounces, or a form that is sent ten times, becomes one packet. A key that never gets quiet passes its last
packet after \`max_wait\`. By the clock quiet is measured from when packets come; in event time by the packets' own times,
and it is over when event time has passed: then a replay gives the same packets. A packet that is held keeps its source
waiting for its ack. When the input ends, what is held passes.`,
  config,
  inputs: { in: port(ANY, "Packets in bursts.") },
  passes: true,
  outputs: { out: port(ANY, "The last of each burst."), skipped: port(ANY, "The others.") },
  examples: [
    {
      title: "A door that bounces",
      config: { quiet: "1s", time: "event" },
      input: [at("00.0", "open"), at("00.1", "shut"), at("00.2", "open"), at("05.0", "shut")],
      output: {
        out: [at("00.2", "open"), at("05.0", "shut")],
        skipped: [at("00.0", "open"), at("00.1", "shut")],
      },
    },
  ],
  check: (options) => [...keyIssues(options.key), ...waitIssues(options)],
  create({ quiet, max_wait, time, key, max_keys }, context) {
    const quietMs = durationMs(quiet);
    const waitMs = max_wait === undefined ? 10 * quietMs : durationMs(max_wait);
    const keyFor = keyOf(key);
    const latest = new LatestPerKey({ time, max_keys, onDue: () => ({ emit: true, next: undefined }) }, context);
    return {
      process(packet, emit) {
        const nowMs = latest.nowMs(packet);
        const name = keyFor(packet);
        const leaving = latest.expire(name, nowMs);
        const open = latest.get(name);
        const isStale = latest.isStale(packet, open?.packet);
        if (!isStale) {
          const sinceMs = open?.sinceMs ?? nowMs;
          const dueMs = Math.min(nowMs + quietMs, sinceMs + waitMs);
          leaving.push(...latest.put(name, { sinceMs, dueMs, packet, hold: context.hold() }));
        }
        for (const due of leaving) latest.letGo(due, emit.out);
        const left = isStale ? { packet, hold: undefined } : open;
        if (left?.packet !== undefined) latest.skip(left, emit.skipped);
      },
      ...latest.hooks(),
    };
  },
});

function waitIssues({ quiet, max_wait }: Config): ConfigIssue[] {
  if (max_wait === undefined || durationMs(max_wait) >= durationMs(quiet)) return [];
  return [{ path: ["max_wait"], message: `must not be shorter than quiet (${quiet})` }];
}

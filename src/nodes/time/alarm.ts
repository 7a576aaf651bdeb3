import * as v from "valibot";
import { ANY, type ConfigIssue, defineNode, type Port, port } from "../../node/index.ts";
import { eventTimeMs, type StreamPacket } from "../../packet/index.ts";
import { duration, durationMs } from "../duration.ts";
import { PerSource } from "../per_source.ts";
import { keyName } from "./key_text.ts";
import { packetKey } from "./packet_key.ts";
import { place, placeIssues, placeReader } from "./place.ts";
import { finiteNumber } from "./store.ts";
import { timeText } from "./time_text.ts";

const text = v.pipe(v.string(), v.minLength(1));
const threshold = v.strictObject({
  above: v.pipe(v.optional(v.number()), v.description("True for values greater than this.")),
  below: v.pipe(v.optional(v.number()), v.description("True for values less than this.")),
  hold: v.pipe(v.optional(duration), v.description("How long it must be true, in event time, such as `30s`.")),
});

const config = v.strictObject({
  value: v.pipe(place, v.description("Where the number is: a path in the payload, a list of keys, or `{ cel: … }`.")),
  key: v.pipe(v.optional(place), v.description("Each key has an alarm of its own; `source_id` when left out.")),
  on: v.pipe(threshold, v.description("When the alarm begins: `above` or `below`.")),
  off: v.pipe(threshold, v.description("When it ends: the other one, with a gap between the two.")),
  max_keys: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)), 65_536),
    v.description("Keys remembered; the one that was silent longest makes room for another."),
  ),
  kind: v.pipe(v.optional(text, "event"), v.description("Kind of the changes.")),
});

type Config = v.InferOutput<typeof config>;
type Threshold = v.InferOutput<typeof threshold>;

/** Replaced when it changes. */
interface Alarm {
  readonly on: boolean;
  /** Since when the values ask for the other state; undefined: they do not. */
  readonly sinceMs: number | undefined;
  readonly lastMs: number;
}

const at = (second: number, celsius: number) => ({
  ts: `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`,
  source_id: "oven",
  payload: { celsius },
});

export const alarm = defineNode({
  name: "alarm",
  kind: "policy",
  stateVersion: 1,
  doc: `Says when a number passes a threshold and when it is back, once per change and key.

The gap between \`on\` and \`off\` (hysteresis) keeps a value that trembles around a threshold quiet, and \`hold\` one
that only jumps: the values must ask for the change for so long, without one between them that does not. The packet
with which that time is reached makes the change; without packets nothing is known, and nothing changes.

A change is \`{ state, value, since, on, off }\`: \`state\` is \`on\` or \`off\`, \`since\` the first of the times at which it
was asked for. It has the time of the packet that made it, the key as its \`source_id\`, and an idempotency key of node, key,
state and time. A key begins with \`off\`. A packet older than one of its key that came before leaves by \`late\`, one
without a number by \`invalid\`.`,
  config,
  inputs: { in: port(ANY, "Packets with a number.") },
  passes: true,
  outputs: ({ kind }: Config): { out: Port; late: Port; invalid: Port } => ({
    out: port(kind, "Changes.", "json_portable"),
    late: port(ANY, "Packets that are older than one before them, unchanged."),
    invalid: port(ANY, "Packets without a number, unchanged."),
  }),
  examples: [
    {
      title: "An oven that is too hot for two seconds",
      config: { value: "celsius", on: { above: 250, hold: "2s" }, off: { below: 240 } },
      input: [at(0, 200), at(1, 260), at(2, 245), at(3, 255), at(5, 256), at(6, 245), at(7, 230)],
      output: {
        out: [
          {
            ts: "2026-01-01T00:00:05Z",
            kind: "event",
            source_id: "oven",
            payload: { state: "on", value: 256, since: "2026-01-01T00:00:03.000Z", on: 250, off: 240 },
            meta: { idempotency_key: "node/oven/on/2026-01-01T00:00:05.000Z" },
          },
          {
            ts: "2026-01-01T00:00:07Z",
            payload: { state: "off", value: 230, since: "2026-01-01T00:00:07.000Z", on: 250, off: 240 },
          },
        ],
      },
    },
  ],
  check: alarmIssues,
  create({ value, key, on, off, max_keys, kind }, context) {
    const keyOf = packetKey(key);
    const readValue = placeReader(value);
    const asks = { on: compileThreshold(on), off: compileThreshold(off) };
    const alarms = new PerSource<{ alarm: Alarm }>(max_keys, () => ({ alarm: QUIET }));
    const counts = { changes_total: 0, late_total: 0, invalid_total: 0 };
    const change = (packet: StreamPacket, keyText: string, next: Alarm, number: number, sinceMs: number) => {
      counts.changes_total += 1;
      const state = next.on ? "on" : "off";
      const source_id = keyName(keyText);
      const payload = { state, value: number, since: timeText(sinceMs), on: level(on), off: level(off) };
      const idempotency_key = `${context.nodeId}/${source_id}/${state}/${timeText(next.lastMs)}`;
      return context.packet({ ts: packet.ts, kind, source_id, payload, meta: { idempotency_key } });
    };
    return {
      process(packet, emit) {
        const timeMs = eventTimeMs(packet);
        const keyText = keyOf(packet);
        const number = finiteNumber(readValue(packet));
        if (number === undefined) {
          counts.invalid_total += 1;
          return emit.invalid(packet);
        }
        const known = alarms.of(keyText);
        const { alarm } = known;
        if (timeMs < alarm.lastMs) {
          counts.late_total += 1;
          return emit.late(packet);
        }
        const { holds, holdMs } = alarm.on ? asks.off : asks.on;
        const sinceMs = holds(number) ? (alarm.sinceMs ?? timeMs) : undefined;
        const changes = sinceMs !== undefined && timeMs - sinceMs >= holdMs;
        known.alarm = changes
          ? { on: !alarm.on, sinceMs: undefined, lastMs: timeMs }
          : { on: alarm.on, sinceMs, lastMs: timeMs };
        if (changes) emit.out(change(packet, keyText, known.alarm, number, sinceMs));
      },
      metrics: () => ({ ...alarms.metrics(), ...counts }),
      snapshot: () => alarms.entries().map(([keyText, { alarm }]) => [keyText, alarm] as const),
      restore: (state) => alarms.set((state as [string, Alarm][]).map(([keyText, alarm]) => [keyText, { alarm }])),
    };
  },
});

const QUIET: Alarm = { on: false, sinceMs: undefined, lastMs: Number.NEGATIVE_INFINITY };

const level = ({ above, below }: Threshold) => above ?? below!;

function compileThreshold({ above, below, hold }: Threshold) {
  const holds = above === undefined ? (value: number) => value < below! : (value: number) => value > above;
  return { holds, holdMs: hold === undefined ? 0 : durationMs(hold) };
}

function alarmIssues({ value, key, on, off }: Config): ConfigIssue[] {
  const places = [...placeIssues(["value"], value), ...(key === undefined ? [] : placeIssues(["key"], key))];
  for (const [name, side] of Object.entries({ on, off })) {
    if ((side.above === undefined) === (side.below === undefined)) {
      return [...places, { path: [name], message: "a threshold is either `above` or `below`" }];
    }
  }
  if ((on.above === undefined) === (off.above === undefined)) {
    const wanted = on.above === undefined ? "above" : "below";
    return [
      ...places,
      { path: ["off"], message: `an alarm that begins on one side ends on the other: \`off\` needs \`${wanted}\`` },
    ];
  }
  const apart = on.above === undefined ? off.above! >= on.below! : off.below! <= on.above;
  if (apart) return places;
  const message = `the alarm would end where it begins: on at ${level(on)}, off at ${level(off)}`;
  return [...places, { path: ["off"], message, hint: "the value of `off` lies on the quiet side of that of `on`" }];
}

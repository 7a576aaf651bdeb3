import * as v from "valibot";
import { ANY, type ConfigIssue, defineNode, port } from "../../node/index.ts";
import { eventTimeMs, isNumeric, type StreamPacket } from "../../packet/index.ts";
import { duration, durationMs } from "../duration.ts";
import { compileValue, expressionIssues } from "../expression.ts";
import { keyExpression, keyIssues, keyOf, MAX_KEYS } from "./key_of.ts";

const distance = v.pipe(v.number(), v.gtValue(0));

const config = v.strictObject({
  value: v.pipe(v.pipe(v.string(), v.minLength(1)), v.description("CEL expression for what is compared.")),
  change: v.pipe(v.optional(distance), v.description("Passes numbers that differ by more than this.")),
  percent: v.pipe(
    v.optional(distance),
    v.description("Passes numbers that differ by more than this part of the last."),
  ),
  key: keyExpression,
  max_silence: v.pipe(
    v.optional(duration),
    v.description("Passes a packet this long after the last that passed, changed or not; in event time."),
  ),
  max_keys: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), MAX_KEYS),
    v.description("Keys remembered; the one that passed longest ago makes room for another."),
  ),
});

type Config = v.InferOutput<typeof config>;

/** What passed last with a key. */
interface Passed {
  readonly value: unknown;
  readonly atMs: number;
}

const celsius = (value: number) => ({ payload: { celsius: value } });

export const deadband = defineNode({
  name: "deadband",
  kind: "policy",
  stateVersion: 1,
  doc: `Passes a packet when its value has changed by more than a bound since the last one that passed; others leave by \`unchanged\`.

The value is compared with the last one that passed, not with the last one that came, so slow drift gets through as soon
as it adds up. With neither \`change\` nor \`percent\` any change counts, of texts, lists and maps as well (on change). With
both, the larger of the two is the bound. The first packet of a key passes. A bound needs numbers: a value that is none,
or not finite, makes the packet a dead letter, as does a \`ts\` that is no time when \`max_silence\` is used.`,
  config,
  inputs: { in: port(ANY, "Readings.") },
  passes: true,
  outputs: { out: port(ANY, "Changed."), unchanged: port(ANY, "The others.") },
  examples: [
    {
      title: "Half a degree, also when it comes slowly",
      config: { value: "payload.celsius", change: 0.5 },
      input: [20, 20.4, 20.5, 20.6, 20.2].map(celsius),
      output: { out: [20, 20.6].map(celsius), unchanged: [20.4, 20.5, 20.2].map(celsius) },
    },
    {
      title: "On change, each door on its own",
      config: { value: "payload.state", key: "payload.door" },
      input: ["a open", "b open", "a open", "a shut"].map((text) => doorPacket(text)),
      output: {
        out: ["a open", "b open", "a shut"].map((text) => doorPacket(text)),
        unchanged: [doorPacket("a open")],
      },
    },
  ],
  check: ({ value, key }): ConfigIssue[] => [...expressionIssues(["value"], value), ...keyIssues(key)],
  create(options) {
    const { value: text, max_silence, max_keys } = options;
    const evaluate = compileValue(text);
    const keyFor = keyOf(options.key);
    const differs = comparison(options);
    const silenceMs = max_silence === undefined ? Number.POSITIVE_INFINITY : durationMs(max_silence);
    const timeOf = (packet: StreamPacket) => (max_silence === undefined ? 0 : eventTimeMs(packet));
    const passed = new Map<string, Passed>();
    let unchanged = 0;
    let forgotten = 0;
    const remember = (key: string, now: Passed) => {
      passed.delete(key);
      if (passed.size >= max_keys) {
        passed.delete(passed.keys().next().value!);
        forgotten += 1;
      }
      passed.set(key, now);
    };
    return {
      process(packet, emit) {
        const now = { value: evaluate(packet), atMs: timeOf(packet) };
        const key = keyFor(packet);
        const last = passed.get(key);
        const changed = differs(now.value, last?.value);
        if (last !== undefined && !changed && now.atMs - last.atMs < silenceMs) {
          unchanged += 1;
          return emit.unchanged(packet);
        }
        remember(key, now);
        emit.out(packet);
      },
      metrics: () => ({ keys: passed.size, unchanged_total: unchanged, keys_forgotten_total: forgotten }),
      snapshot: () => ({
        keys: [...passed.keys()],
        values: Array.from(passed.values(), ({ value }) => value),
        times: Array.from(passed.values(), ({ atMs }) => atMs),
      }),
      restore(state) {
        const { keys, values, times } = state as { keys: string[]; values: unknown[]; times: number[] };
        passed.clear();
        for (const [at, key] of keys.entries()) passed.set(key, { value: values[at], atMs: times[at]! });
      },
    };
  },
});

function doorPacket(text: string) {
  const [door, state] = text.split(" ");
  return { payload: { door, state } };
}

/** Whether two values differ enough; the first is checked, also when there is no last. */
function comparison({ value: text, change = 0, percent = 0 }: Config): (now: unknown, last: unknown) => boolean {
  if (change === 0 && percent === 0) return (now, last) => JSON.stringify(now) !== JSON.stringify(last);
  return (now, last) => {
    const number = isNumeric(now) ? now.valueOf() : Number.NaN;
    if (!Number.isFinite(number)) {
      throw new Error(
        `cannot compare "${text}": it must give a finite number, got ${JSON.stringify(now) ?? "nothing"}`,
      );
    }
    const before = Number(last);
    return Math.abs(number - before) > Math.max(change, (percent / 100) * Math.abs(before));
  };
}

import * as v from "valibot";
import {
  ANY,
  type ConfigIssue,
  defineNode,
  type Emit,
  type NodeContext,
  type NodeInstance,
  port,
} from "../../node/index.ts";
import { eventTimeMs, type StreamPacket } from "../../packet/index.ts";
import { duration, durationMs } from "../duration.ts";
import { type Delayed, DelayLine } from "./delay_line.ts";

/** Why 65,536: what one call may emit beyond the room downstream. */
const MOST = 65_536;
const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST));

const config = v.strictObject({
  packets: v.pipe(
    v.optional(count),
    v.description("Holds back so many: each packet lets the one go that came so many before."),
  ),
  time: v.pipe(v.optional(duration), v.description("Holds each packet back for so long, by the clock, such as 500ms.")),
  event_time: v.pipe(
    v.optional(duration),
    v.description("Holds each packet back until event time has passed its own by so much."),
  ),
  max_packets: v.pipe(
    v.optional(count, 10_000),
    v.description("Packets held by a time, at most; one more lets the first go early. 10,000 of 1 kB are 10 MB."),
  ),
});

type Config = v.InferOutput<typeof config>;

const BY = ["packets", "time", "event_time"] as const;
const row = (payload: number, second: number) => ({ payload, ts: `2026-01-01T00:00:0${second}Z` });

export const delay = defineNode({
  name: "delay",
  kind: "delay",
  stateVersion: 1,
  doc: `Holds packets back: by a number of packets, by the clock, or by event time. A cycle must pass one, or an \`initial\`.

One of \`packets\`, \`time\` and \`event_time\` is given. Packets leave as they came, in the order in which they are due. By
event time a packet leaves when everything that leads here has passed its time by so much, so the same input gives the
same output; by the clock it leaves when so much time is over.

When the input has ended nothing is held back any more: what is held leaves, in order, and what comes then passes. With
\`max_packets\` held the first leaves early and is counted (\`early_total\`): nothing is dropped.

A source that waits for an answer waits while its packet is held.`,
  config,
  inputs: { in: port(ANY, "Packets to hold back.") },
  passes: true,
  outputs: { out: port(ANY, "The same packets, later.") },
  examples: [
    {
      title: "Two packets back; the end of the input lets go of the rest",
      config: { packets: 2 },
      input: ["a", "b", "c"],
      output: { out: ["a", "b", "c"] },
    },
    {
      title: "By event time, in the order of their times",
      config: { event_time: "2s" },
      input: [row(1, 0), row(2, 2), row(3, 1)],
      output: { out: [row(1, 0), row(3, 1), row(2, 2)] },
    },
    { title: "By the clock", config: { time: "500ms" }, input: ["a", "b"], output: { out: ["a", "b"] } },
  ],
  check: (given) => oneOf(given),
  create(given, context) {
    if (given.packets !== undefined) return byPackets(given.packets, context);
    if (given.time !== undefined) return byClock(durationMs(given.time), given.max_packets, context);
    return byEventTime(durationMs(given.event_time!), given.max_packets, context);
  },
});

function oneOf(given: Config): ConfigIssue[] {
  const written = BY.filter((key) => given[key] !== undefined);
  if (written.length === 1) return [];
  const got = written.length === 0 ? "there is none" : `there are ${written.join(" and ")}`;
  return [
    { path: written.length === 0 ? [] : [written[1]!], message: `one of ${BY.join(", ")} must be given: ${got}` },
  ];
}

type Out = Emit<"out">;

/** Emits what was held; whoever waits for one is answered with what comes of it, and of no other. */
function letGo(context: NodeContext, delayed: readonly Delayed[], emit: Out) {
  for (const { packet, hold } of delayed) {
    context.carry([hold]);
    emit.out(packet);
  }
}

function byPackets(packets: number, context: NodeContext): NodeInstance<"out"> {
  const line = new DelayLine();
  let ended = false;
  return {
    process(packet, emit) {
      if (ended) return emit.out(packet);
      line.add({ packet, due: 0, hold: context.hold() });
      if (line.length > packets) letGo(context, [line.takeFirst()], emit);
    },
    advance(watermarkMs, emit) {
      if (watermarkMs < Number.POSITIVE_INFINITY) return;
      ended = true;
      letGo(context, line.takeDue(0), emit);
    },
    metrics: () => ({ held: line.length }),
    snapshot: () => line.snapshot(),
    restore: (state) => line.restore(state),
  };
}

function byEventTime(delayMs: number, maxPackets: number, context: NodeContext): NodeInstance<"out"> {
  const line = new DelayLine();
  let passedMs = Number.NEGATIVE_INFINITY;
  let early = 0;
  return {
    process(packet: StreamPacket, emit) {
      const due = eventTimeMs(packet) + delayMs;
      if (due <= passedMs) return emit.out(packet);
      line.add({ packet, due, hold: context.hold() });
      if (line.length <= maxPackets) return;
      early += 1;
      letGo(context, [line.takeFirst()], emit);
    },
    advance(watermarkMs, emit) {
      passedMs = watermarkMs;
      letGo(context, line.takeDue(watermarkMs), emit);
    },
    metrics: () => ({ held: line.length, early_total: early }),
    snapshot: () => line.snapshot(),
    restore: (state) => line.restore(state),
  };
}

function byClock(delayMs: number, maxPackets: number, context: NodeContext): NodeInstance<"out"> {
  const { clock } = context;
  const line = new DelayLine();
  let early = 0;
  const ask = () => context.wakeAfter(line.length === 0 ? undefined : Math.max(0, line.nextDue - clock.monotonicMs()));
  return {
    process(packet, emit) {
      line.add({ packet, due: clock.monotonicMs() + delayMs, hold: context.hold() });
      if (line.length > maxPackets) {
        early += 1;
        letGo(context, [line.takeFirst()], emit);
      }
      ask();
    },
    // Woken before its time: nothing else will happen, so nothing is worth waiting for.
    wake(emit) {
      letGo(context, line.takeDue(Math.max(clock.monotonicMs(), line.nextDue)), emit);
      ask();
    },
    metrics: () => ({ held: line.length, early_total: early }),
    snapshot: () => line.snapshot(clock.monotonicMs()),
    restore(state) {
      line.restore(state, clock.monotonicMs());
      ask();
    },
  };
}

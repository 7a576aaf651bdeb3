import { defineNode, type Emit, type NodeContext, type NodeInstance } from "../../node/index.ts";
import { eventTimeMs, type StreamPacket } from "../../packet/index.ts";
import { durationMs } from "../duration.ts";
import { type MergeConfig, mergeConfig, mergeInputs, mergeOutputs } from "./merge_config.ts";
import { TimeMerge, type Waiting } from "./time_merge.ts";

const from = (to: string, second: number) => ({ to, ts: `2026-01-01T00:00:0${second}Z`, source_id: to });
const at = (source_id: string, second: number) => ({ source_id, ts: `2026-01-01T00:00:0${second}Z` });

export const merge = defineNode({
  name: "merge",
  kind: "transform",
  stateVersion: 1,
  doc: `Makes one stream of several inputs: in order of event time, in turn, or by priority.

- \`time\`: a packet is held until event time has passed it, which is when no input can send an earlier one, and packets
  leave in order of \`ts\`; those of one time in the order of \`inputs\`. A silent input holds the others for as long as the
  graph's event time waits for it, and never longer than \`max_wait\` by the clock. A packet of a time that has passed
  leaves by \`late\`. What is held keeps its source waiting for its ack.
- \`round_robin\`: one packet of each input that has any, in turn. Nothing is held, so a silent input holds nobody.
- \`priority\`: a packet of an input is taken only while those named before it have none waiting. Packets wait in the
  inboxes of this node, one for each input, so \`runtime.inbox\` says what happens to those that come too fast: with
  \`overflow: drop_oldest\` a flood on one input costs the others nothing.

Turns and priorities matter when something behind this node is slower than what comes in.`,
  config: mergeConfig,
  inputs: mergeInputs,
  passes: true,
  outputs: mergeOutputs,
  examples: [
    {
      title: "Two sensors in order of time",
      config: { inputs: ["left", "right"], by: "time" },
      input: [from("left", 1), from("left", 3), from("right", 2), from("right", 3)],
      output: { out: [at("left", 1), at("right", 2), at("left", 3), at("right", 3)] },
    },
    {
      title: "Alarms before readings, where they queue up",
      config: { inputs: ["alarms", "readings"], by: "priority" },
      input: [from("readings", 1), from("alarms", 2)],
      output: { out: [at("readings", 1), at("alarms", 2)] },
    },
  ],
  check({ inputs }) {
    const twice = inputs.findIndex((name, index) => inputs.indexOf(name) !== index);
    return twice === -1 ? [] : [{ path: ["inputs", twice], message: `names the input "${inputs[twice]}" twice` }];
  },
  create(config, context): NodeInstance {
    if (config.by === "time") return mergeByTime(config, context);
    return {
      inputOrder: config.by === "priority" ? "as_declared" : "in_turn",
      process: (packet, emit) => emit.out!(packet),
    };
  },
});

type Saved = { watermarkMs: number | null; held: [tsMs: number, input: string, packet: StreamPacket][] };

function mergeByTime({ inputs, max_wait, max_held }: MergeConfig, context: NodeContext): NodeInstance {
  const waitMs = durationMs(max_wait);
  const nowMs = () => context.clock.monotonicMs();
  let held = new TimeMerge();
  let watermarkMs = Number.NEGATIVE_INFINITY;
  const counts = { late_total: 0, early_total: 0, waited_total: 0 };
  const arm = () => {
    const oldestMs = held.oldestMs();
    context.wakeAfter(oldestMs === undefined ? undefined : Math.max(0, oldestMs + waitMs - nowMs()));
  };
  const leave = (leaving: readonly Waiting[]): Iterator<StreamPacket> | undefined => {
    arm();
    return leaving.length === 0 ? undefined : oneByOne(leaving);
  };
  /** Each answers for itself: one that is refused takes no other with it. */
  function* oneByOne(leaving: readonly Waiting[]) {
    for (const { packet, hold } of leaving) {
      context.carry([hold]);
      yield packet;
    }
  }
  return {
    process(packet, emit: Emit, input) {
      const tsMs = eventTimeMs(packet);
      if (tsMs < watermarkMs) {
        counts.late_total += 1;
        return emit.late!(packet);
      }
      held.add(packet, context.hold(), tsMs, inputs.indexOf(input), nowMs());
      if (held.size > max_held) {
        const earliest = held.earliest();
        counts.early_total += 1;
        context.carry([earliest.hold]);
        emit.out!(earliest.packet);
      }
      arm();
    },
    advance(passedMs) {
      watermarkMs = passedMs;
      return leave(held.before(passedMs));
    },
    wake() {
      const leaving = held.cameBy(nowMs() - waitMs);
      counts.waited_total += leaving.length;
      return leave(leaving);
    },
    metrics: () => ({ held: held.size, ...counts }),
    snapshot: (): Saved => ({
      watermarkMs: Number.isFinite(watermarkMs) ? watermarkMs : null,
      held: held.waiting().map(({ tsMs, input, packet }) => [tsMs, inputs[input]!, packet]),
    }),
    restore(state) {
      const { watermarkMs: passedMs, held: packets } = state as Saved;
      watermarkMs = passedMs ?? Number.NEGATIVE_INFINITY;
      held = new TimeMerge();
      for (const [tsMs, input, packet] of packets) held.add(packet, undefined, tsMs, inputs.indexOf(input), nowMs());
      arm();
    },
  };
}

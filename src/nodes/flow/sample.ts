import * as v from "valibot";
import { ANY, type ConfigIssue, defineNode, port } from "../../node/index.ts";
import { eventTimeMs, type StreamPacket } from "../../packet/index.ts";

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
const rate = v.pipe(v.number(), v.gtValue(0));

const config = v.strictObject({
  every: v.pipe(v.optional(positive), v.description("Passes the first packet and every n-th after it.")),
  target_fps: v.pipe(v.optional(rate), v.description("Packets passed per second, instead of `every`.")),
  source_fps: v.pipe(
    v.optional(rate),
    v.description("Packets arriving per second. With it packets are counted; without it `time` decides."),
  ),
  time: v.pipe(
    v.optional(v.picklist(["event", "clock"]), "event"),
    v.description("For `target_fps` without `source_fps`: the packets' own times, or when they arrive."),
  ),
  max_sources: v.pipe(
    v.optional(positive, 4_096),
    v.description("Sources tracked; the one seen first makes room for another."),
  ),
});

type Config = v.InferOutput<typeof config>;

/** Decides for the packets of one source, in order. */
type Sampler = (packet: StreamPacket) => boolean;

/** Event time that steps back further than this is a source that started again, such as a looped file. */
const RESTART_MS = 60_000;

export const sample = defineNode({
  name: "sample",
  kind: "transform",
  doc: `Thins a stream out: every n-th packet, or a target rate, for each source on its own. The rest leaves by \`skipped\`.

With \`source_fps\` the choice is spread evenly by counting: packet i passes when i·target/source reaches a new whole
number, so 24 to 10 keeps 0 3 5 8 10 12 15 17 20 22 24. Without it time is cut into slots of 1/\`target_fps\` from the
first packet on, and the first packet of each slot passes; a packet of an earlier slot is late and skipped, unless time
stepped back by more than a minute, which starts the slots afresh.

A packet that comes again from a durable edge counts again, and may then be skipped: nodes that count packets belong
before the durable edge.`,
  config,
  inputs: { in: port(ANY, "Packets to thin out.") },
  passes: true,
  outputs: { out: port(ANY, "The sample."), skipped: port(ANY, "The rest.") },
  examples: [
    {
      title: "Every second packet of each source",
      config: { every: 2 },
      input: ["cam01", "cam02", "cam01", "cam01"],
      output: { out: ["cam01", "cam02", "cam01"], skipped: ["cam01"] },
    },
    {
      title: "Two a second out of a faster stream",
      config: { target_fps: 2 },
      input: ["00.0Z", "00.3Z", "00.5Z", "01.2Z"].map((end) => ({ ts: `2026-01-01T00:00:${end}` })),
      output: {
        out: ["00.0Z", "00.5Z", "01.2Z"].map((end) => ({ ts: `2026-01-01T00:00:${end}` })),
        skipped: [{ ts: "2026-01-01T00:00:00.3Z" }],
      },
    },
  ],
  check: modeIssues,
  create(options, { clock }) {
    const samplers = new Map<string, Sampler>();
    const timeMs = options.time === "event" ? eventTimeMs : () => clock.monotonicMs();
    let skipped = 0;
    const samplerFor = (sourceId: string) => {
      // A faulty sensor can invent source ids without end, so the oldest one makes room.
      if (samplers.size >= options.max_sources) samplers.delete(samplers.keys().next().value!);
      const sampler = makeSampler(options, timeMs);
      samplers.set(sourceId, sampler);
      return sampler;
    };
    return {
      process(packet, emit) {
        const passes = samplers.get(packet.source_id) ?? samplerFor(packet.source_id);
        if (passes(packet)) return emit.out(packet);
        skipped += 1;
        emit.skipped(packet);
      },
      metrics: () => ({ skipped_total: skipped, sources: samplers.size }),
    };
  },
});

function makeSampler({ every, target_fps, source_fps }: Config, timeMs: (packet: StreamPacket) => number): Sampler {
  if (every !== undefined) return countingSampler((seen) => seen % every === 0);
  if (source_fps === undefined) return slotSampler(target_fps! / 1_000, timeMs);
  const ratio = target_fps! / source_fps;
  return countingSampler((seen) => Math.floor(seen * ratio) > Math.floor((seen - 1) * ratio));
}

function countingSampler(keeps: (seen: number) => boolean): Sampler {
  let seen = 0;
  return () => keeps(seen++);
}

function slotSampler(perMs: number, timeMs: (packet: StreamPacket) => number): Sampler {
  let startMs = Number.NaN;
  let newestMs = Number.NEGATIVE_INFINITY;
  let lastSlot = -1;
  return (packet) => {
    const nowMs = timeMs(packet);
    if (Number.isNaN(startMs) || newestMs - nowMs > RESTART_MS) {
      startMs = newestMs = nowMs;
      lastSlot = -1;
    }
    newestMs = Math.max(newestMs, nowMs);
    const slot = Math.floor((nowMs - startMs) * perMs);
    if (slot <= lastSlot) return false;
    lastSlot = slot;
    return true;
  };
}

function modeIssues({ every, target_fps, source_fps }: Config): ConfigIssue[] {
  if (every === undefined && target_fps === undefined) {
    return [{ path: [], message: "one of every and target_fps is needed", hint: "every: 10 passes one packet in ten" }];
  }
  if (every === undefined) return [];
  const extra = [target_fps === undefined ? [] : ["target_fps"], source_fps === undefined ? [] : ["source_fps"]].flat();
  return extra.map((key) => ({ path: [key], message: `${key} and every exclude each other` }));
}

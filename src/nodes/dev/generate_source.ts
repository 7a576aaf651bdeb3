import * as v from "valibot";
import { sleep } from "../../base/clock.ts";
import { seededRandom } from "../../base/random.ts";
import { defineNode, type NodeContext, type Port, port } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));

const config = v.strictObject({
  count: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
    v.description("Packets to make; 0 goes on until the run is stopped."),
  ),
  rate: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0)), 0),
    v.description("Packets per second; 0 makes them as fast as they are taken."),
  ),
  kind: v.pipe(v.optional(v.pipe(v.string(), v.minLength(1)), "raw"), v.description("Kind of the packets.")),
  seed: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    v.description("Adds `value`, a random number in [0, 1) that the seed reproduces."),
  ),
  // Packets of the array under way outlive a young collection, so a long one grows the heap: 256 cost 15 MB, 32 cost 2.
  batch: v.pipe(
    v.optional(v.pipe(positive, v.maxValue(65_536)), 32),
    v.description("Most packets handed over at once."),
  ),
});

type Config = v.InferOutput<typeof config>;

export const generateSource = defineNode({
  name: "generate_source",
  kind: "source",
  doc: `Makes numbered packets, payload \`{ i }\` from 0, flat out or at a steady rate.

With \`rate\` packet i is due at start + i/rate, whatever happened before, so the rate does not drift; a source
that was held back catches up, at most \`batch\` packets at a time.`,
  config,
  outputs: ({ kind }: Config): { out: Port } => ({ out: port(kind, "The numbered packets.", "json_portable") }),
  examples: [
    { title: "Three packets", config: { count: 3 }, output: { out: [0, 1, 2].map((i) => ({ payload: { i } })) } },
  ],
  create(options, context) {
    const next = maker(options, context);
    const count = options.count || Number.POSITIVE_INFINITY;
    return {
      run: (signal) =>
        options.rate === 0
          ? flatOut(count, options.batch, next, signal)
          : paced(count, options.batch, 1_000 / options.rate, next, context.clock, signal),
    };
  },
});

type Next = (i: number) => StreamPacket;

function maker({ kind, seed }: Config, { packet }: NodeContext): Next {
  if (seed === undefined) return (i) => packet({ kind, payload: { i } });
  const random = seededRandom(seed);
  return (i) => packet({ kind, payload: { i, value: random.float() } });
}

function* flatOut(count: number, batch: number, next: Next, signal: AbortSignal) {
  for (let i = 0; i < count && !signal.aborted; ) {
    const end = Math.min(count, i + batch);
    const packets = new Array<StreamPacket>(end - i);
    for (let at = 0; i < end; at++) packets[at] = next(i++);
    yield packets;
  }
}

async function* paced(
  count: number,
  batch: number,
  periodMs: number,
  next: Next,
  clock: NodeContext["clock"],
  signal: AbortSignal,
) {
  const startMs = clock.monotonicMs();
  for (let i = 0; i < count && !signal.aborted; ) {
    const packets: StreamPacket[] = [];
    const nowMs = clock.monotonicMs();
    while (i < count && packets.length < batch && startMs + i * periodMs <= nowMs) packets.push(next(i++));
    if (packets.length > 0) yield packets;
    else await sleep(clock, startMs + i * periodMs - nowMs, signal);
  }
}

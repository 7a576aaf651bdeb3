import * as v from "valibot";
import { ANY, type ConfigIssue, defineNode, type NodeContext, type Port, port } from "../../node/index.ts";
import { idempotencyKey, type StreamPacket } from "../../packet/index.ts";
import { duration, durationMs } from "../duration.ts";
import { type Batch, Batches } from "./batches.ts";
import { keyName, keyValue } from "./key_text.ts";
import { packetKey } from "./packet_key.ts";
import { place, placeIssues } from "./place.ts";

const whole = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));

const config = v.strictObject({
  key: v.pipe(
    v.optional(place),
    v.description(
      "Batches are kept apart by this: a path in the payload, a list of keys, or `{ cel: … }`; else there is one.",
    ),
  ),
  max_packets: v.pipe(v.optional(whole(65_536), 100), v.description("A batch of so many leaves.")),
  max_bytes: v.pipe(
    v.optional(whole(268_435_456), 1_048_576),
    v.description("So does one that another packet would make larger than this, by their estimated size in memory."),
  ),
  max_wait: v.pipe(
    v.optional(duration),
    v.description("And one whose first packet came so long ago, by the clock, such as `5s`; none when left out."),
  ),
  max_held: v.pipe(
    v.optional(whole(1_048_576), 65_536),
    v.description("Packets in all batches; one more lets the batch that began first go early."),
  ),
  items: v.pipe(
    v.optional(v.picklist(["payload", "packet"]), "payload"),
    v.description("What is in the list: payloads, or whole packets."),
  ),
  kind: v.pipe(v.optional(v.pipe(v.string(), v.minLength(1)), "batch"), v.description("Kind of the batches.")),
});

type Config = v.InferOutput<typeof config>;

export const batch = defineNode({
  name: "batch",
  kind: "transform",
  stateVersion: 1,
  doc: `Makes one packet with a list out of many, when there are enough of them, or when the first has waited long enough.

A batch is \`{ key, count, items, reason }\`; \`reason\` is \`packets\`, \`bytes\`, \`wait\`, \`held\` (another batch needed
the room) or \`end\` (of the input). It has the time of its last packet, and the key as its \`source_id\`. Its
\`meta.idempotency_key\` is made of those of its first and its last packet and their number, so the same batch is known
as the same. After a crash a packet that left before it, and is in no checkpoint, may come again in a batch of other
packets: whoever takes the items goes by a key in each.

Whoever waits for a packet in it is answered with what becomes of the batch. Waiting goes by the clock; what belongs
together by event time is for \`window_aggregate\`.`,
  config,
  inputs: { in: port(ANY, "Packets to put together.", "json_portable") },
  outputs: ({ kind }: Config): { out: Port } => ({ out: port(kind, "Batches.", "json_portable") }),
  examples: [
    {
      title: "Two at a time; the end of the input lets go of the rest",
      config: { max_packets: 2 },
      input: [1, 2, 3].map((payload) => ({ payload })),
      output: {
        out: [
          { payload: { key: null, count: 2, items: [1, 2], reason: "packets" } },
          { payload: { key: null, count: 1, items: [3], reason: "end" } },
        ],
      },
    },
    {
      title: "For each sensor on its own",
      config: { key: { cel: "source_id" }, max_packets: 2 },
      input: ["a", "b", "a"].map((source_id) => ({ source_id, payload: { of: source_id } })),
      output: {
        out: [
          { source_id: "a", payload: { key: "a", count: 2, items: [{ of: "a" }, { of: "a" }], reason: "packets" } },
          { source_id: "b", payload: { key: "b", count: 1, items: [{ of: "b" }], reason: "end" } },
        ],
      },
    },
  ],
  check: ({ key }): ConfigIssue[] => (key === undefined ? [] : placeIssues(["key"], key)),
  create(options, context) {
    const keyOf = options.key === undefined ? () => ONE : packetKey(options.key);
    const waitMs = options.max_wait === undefined ? undefined : durationMs(options.max_wait);
    const batches = new Batches(options.max_packets, options.max_bytes, options.max_held);
    const { clock } = context;
    const result = resultMaker(options, context);
    let emitted = 0;
    const letGo = (gone: readonly Batch[], emit: { out(packet: StreamPacket): void }) => {
      emitted += gone.length;
      // Each answers for its own packets: one that is refused fails no other.
      for (const one of gone) {
        context.carry(one.holds);
        emit.out(result(one));
      }
    };
    const ask = () => {
      if (waitMs === undefined) return;
      const first = batches.first;
      context.wakeAfter(first === undefined ? undefined : Math.max(0, first.sinceMs + waitMs - clock.monotonicMs()));
    };
    return {
      process(packet, emit) {
        const waiting = batches.first;
        letGo(batches.add(keyOf(packet), packet, context.hold(), clock.monotonicMs()), emit);
        if (batches.first !== waiting) ask();
      },
      wake(emit) {
        // Woken before its time: nothing else will happen, so nothing is worth waiting for.
        const sinceMs = Math.max(clock.monotonicMs() - (waitMs ?? 0), batches.first?.sinceMs ?? 0);
        letGo(batches.takeSince(sinceMs, "wait"), emit);
        ask();
      },
      advance(watermarkMs, emit) {
        if (watermarkMs === Number.POSITIVE_INFINITY) letGo(batches.takeSince(watermarkMs, "end"), emit);
        ask();
      },
      metrics: () => ({ held: batches.held, keys: batches.size, batches_total: emitted }),
      snapshot: () => batches.snapshot(),
      restore(state) {
        batches.restore(state, clock.monotonicMs());
        ask();
      },
    };
  },
});

/** The key when there is none: not that of any packet. */
const ONE = "\0null";

function resultMaker({ items, kind }: Config, context: NodeContext) {
  return ({ key, packets, reason }: Batch) => {
    const [first, last] = [packets[0]!, packets.at(-1)!];
    const count = packets.length;
    const list = items === "payload" ? packets.map(({ payload }) => payload) : packets.map((packet) => ({ ...packet }));
    const payload = { key: keyValue(key), count, items: list, reason };
    const meta = { idempotency_key: `${context.nodeId}/${idempotencyKey(first)}/${idempotencyKey(last)}/${count}` };
    return context.packet({ ts: last.ts, kind, payload, meta, ...(key === ONE ? {} : { source_id: keyName(key) }) });
  };
}

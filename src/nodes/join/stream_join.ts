import * as v from "valibot";
import { durationMs } from "../../base/duration.ts";
import { type ConfigIssue, defineNode, type Emit, type NodeContext, port } from "../../node/index.ts";
import { eventTimeMs, idempotencyKey, type StreamPacket } from "../../packet/index.ts";
import { expressionIssues } from "../expression.ts";
import { JoinBuffer, type Side, type Waiting } from "./join_buffer.ts";
import { celText, compileKey, distance, type JoinKey } from "./join_key.ts";

const count = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));
const config = v.strictObject({
  key: v.pipe(
    v.union([
      celText,
      v.strictObject({
        left: v.pipe(celText, v.description("CEL expression for packets at `left`.")),
        right: v.pipe(celText, v.description("CEL expression for packets at `right`.")),
      }),
    ]),
    v.description("CEL expression for what makes two packets belong together, or one for each side."),
  ),
  within: v.pipe(distance, v.description("How far apart in event time two packets may be; this far still joins.")),
  mode: v.pipe(
    v.optional(v.picklist(["inner", "left", "full"]), "inner"),
    v.description("Which packets leave without a partner: none, those of `left`, or those of both sides."),
  ),
  lateness: v.pipe(v.optional(distance, "0s"), v.description("How long behind the watermark a packet is taken.")),
  kind: v.pipe(v.optional(celText, "joined"), v.description("Kind of what leaves.")),
  max_per_key: v.pipe(
    // One that fits 4,096 others emits as many packets at once.
    v.optional(count(4_096), 256),
    v.description("Packets kept of a side for one key; the oldest leaves early."),
  ),
  max_packets: v.pipe(
    v.optional(count(1_000_000), 16_384),
    v.description("Packets kept over all; the oldest leaves early."),
  ),
});

type Config = v.InferOutput<typeof config>;

const at = (second: number, fields: Record<string, unknown>) => ({
  ts: `2026-01-01T00:00:0${second}Z`,
  payload: fields,
});

export const streamJoin = defineNode({
  name: "stream_join",
  kind: "transform",
  stateVersion: 1,
  doc: `Joins two streams by key: each packet at \`left\` with each at \`right\` that is at most \`within\` away in event time.

Every pair leaves as \`{ key, left, right }\` with the two payloads, as soon as its second packet is there; its time is
the later one, \`meta.joined\` names both packets. A packet is let go of when the watermark has passed all that could
still fit it. One that never found a partner is counted as \`unmatched_total\`, and in mode \`left\` (those of \`left\`) and
\`full\` (all) leaves then, with null for the other side and \`partial: true\` in payload and meta. A silent side holds
the other until its source is idle (\`event_time.idle\` of the graph); at the end of the input everything leaves.

A packet more than \`lateness\` behind the watermark leaves by \`late\`. Beyond \`max_per_key\` and \`max_packets\` the packet
of the earliest event time is let go of early, as if its time were over, and counted as \`evicted_total\`. A source that
waits for its packets hears of one when it was let go of and everything made of it is done.`,
  config,
  inputs: {
    left: port("*", "One side.", "json_portable"),
    right: port("*", "The other side.", "json_portable"),
  },
  passes: true,
  outputs: ({ kind }: Config) => ({
    out: port(kind, "Pairs, and packets without a partner.", "json_portable"),
    late: port("*", "Packets that came too late to be joined.", "json_portable"),
  }),
  examples: [
    {
      title: "Orders with their payments; one was never paid",
      config: { key: "payload.order", within: "5s", mode: "left" },
      input: [
        { to: "left", ...at(1, { order: 7, sum: 20 }) },
        { to: "left", ...at(2, { order: 8, sum: 5 }) },
        { to: "right", ...at(4, { order: 7, paid: 20 }) },
      ],
      output: {
        out: [
          at(4, { key: 7, left: { order: 7, sum: 20 }, right: { order: 7, paid: 20 } }),
          at(2, { key: 8, left: { order: 8, sum: 5 }, right: null, partial: true }),
        ],
      },
    },
  ],
  check: keyIssues,
  create: (options, context) => new StreamJoin(options, context),
});

function keyIssues({ key }: Config): ConfigIssue[] {
  if (typeof key === "string") return expressionIssues(["key"], key);
  return [...expressionIssues(["key", "left"], key.left), ...expressionIssues(["key", "right"], key.right)];
}

interface State {
  /** Null before the first, and at the end of an input: the next one begins anew. */
  watermarkMs: number | null;
  /** Of the packets that wait, in the order in which they came: a column each, so that no object is made for each. */
  sides: Side[];
  keys: unknown[];
  times: number[];
  matched: boolean[];
  packets: StreamPacket[];
}

type Out = Emit<"out" | "late">;

class StreamJoin {
  readonly #config: Config;
  readonly #context: NodeContext;
  readonly #withinMs: number;
  readonly #latenessMs: number;
  readonly #keyOf: Record<Side, (packet: StreamPacket) => JoinKey>;
  #buffer: JoinBuffer;
  #watermarkMs = Number.NEGATIVE_INFINITY;
  #matched = 0;
  #unmatched = 0;
  #late = 0;
  #evicted = 0;

  constructor(options: Config, context: NodeContext) {
    const { key } = options;
    const [left, right] = typeof key === "string" ? [key, key] : [key.left, key.right];
    this.#config = options;
    this.#context = context;
    this.#withinMs = durationMs(options.within);
    this.#latenessMs = durationMs(options.lateness);
    this.#keyOf = { left: compileKey(left), right: compileKey(right) };
    this.#buffer = this.#emptyBuffer();
  }

  process(packet: StreamPacket, emit: Out, input: string) {
    const side = input as Side;
    const timeMs = eventTimeMs(packet);
    if (timeMs < this.#watermarkMs - this.#latenessMs) {
      this.#late += 1;
      return emit.late(packet);
    }
    const key = this.#keyOf[side](packet);
    const hold = this.#context.hold();
    const one: Waiting = { side, key, timeMs, packet, hold, matched: false, serial: 0, gone: false };
    const partners = this.#buffer.partners(one, this.#withinMs);
    for (const each of [one, ...partners]) each.matched ||= partners.length > 0;
    this.#matched += partners.length;
    const { again, evicted } = this.#buffer.add(one);
    // It came again, so what it came with before was answered, or forgotten with the process that waited.
    again?.hold?.release();
    this.#evicted += evicted.length;
    for (const partner of partners) {
      this.#context.carry([partner.hold?.share()]);
      emit.out(this.#pair(one, partner));
    }
    for (const pair of this.#alone(this.#letGo(evicted))) emit.out(pair);
  }

  advance(watermarkMs: number): Iterator<StreamPacket> | undefined {
    this.#watermarkMs = Math.max(this.#watermarkMs, watermarkMs);
    const over = this.#buffer.takeBefore(this.#watermarkMs - this.#latenessMs - this.#withinMs);
    const alone = this.#letGo(over);
    return alone.length === 0 ? undefined : this.#alone(alone);
  }

  metrics() {
    const { left, right } = this.#buffer.counts;
    return {
      matched_total: this.#matched,
      unmatched_total: this.#unmatched,
      late_total: this.#late,
      evicted_total: this.#evicted,
      left_waiting: left,
      right_waiting: right,
      keys: this.#buffer.keys,
    };
  }

  snapshot(): State {
    const watermarkMs = Number.isFinite(this.#watermarkMs) ? this.#watermarkMs : null;
    const state: State = { watermarkMs, sides: [], keys: [], times: [], matched: [], packets: [] };
    for (const one of this.#buffer.entries()) {
      state.sides.push(one.side);
      state.keys.push(one.key.value);
      state.times.push(one.timeMs);
      state.matched.push(one.matched);
      state.packets.push(one.packet);
    }
    return state;
  }

  restore(state: unknown) {
    const { watermarkMs, sides, keys, times, matched, packets } = state as State;
    this.#watermarkMs = watermarkMs ?? Number.NEGATIVE_INFINITY;
    this.#buffer = this.#emptyBuffer();
    for (const [at, side] of sides.entries()) {
      const key = { value: keys[at], text: JSON.stringify(keys[at]) };
      const known = { side, key, timeMs: times[at]!, packet: packets[at]!, matched: matched[at]! };
      this.#buffer.add({ ...known, hold: undefined, serial: 0, gone: false });
    }
  }

  #emptyBuffer() {
    const { max_per_key, max_packets } = this.#config;
    return new JoinBuffer({ maxPerKey: max_per_key, maxPackets: max_packets });
  }

  /** Of those whose time is over: the ones that leave without a partner. The others are released. */
  #letGo(over: readonly Waiting[]): Waiting[] {
    const { mode } = this.#config;
    return over.filter(({ side, matched, hold }) => {
      if (!matched) this.#unmatched += 1;
      const leaves = !matched && (mode === "full" || mode === side);
      if (!leaves) hold?.release();
      return leaves;
    });
  }

  /** Each answers for itself: one that fails takes no other with it. */
  *#alone(waiting: readonly Waiting[]) {
    for (const one of waiting) {
      this.#context.carry([one.hold]);
      yield this.#pair(one, undefined);
    }
  }

  #pair(one: Waiting, partner: Waiting | undefined): StreamPacket {
    const [left, right] = one.side === "left" ? [one, partner] : [partner, one];
    const last = partner !== undefined && partner.timeMs > one.timeMs ? partner : one;
    const partial = partner === undefined ? { partial: true } : {};
    const name = (side: Waiting | undefined) => side?.packet.packet_id ?? null;
    const fact = (side: Waiting | undefined) => (side === undefined ? "" : idempotencyKey(side.packet));
    const content = (side: Waiting | undefined) => side?.packet.payload ?? null;
    return this.#context.packet({
      kind: this.#config.kind,
      ts: last.packet.ts,
      source_id: (left ?? right)!.packet.source_id,
      payload: { key: one.key.value, left: content(left), right: content(right), ...partial },
      meta: {
        idempotency_key: `${this.#context.nodeId}:${JSON.stringify([fact(left), fact(right)])}`,
        joined: { left: name(left), right: name(right) },
        ...partial,
      },
    });
  }
}

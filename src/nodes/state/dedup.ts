import * as v from "valibot";
import { ANY, defineNode, type PacketOutcome, port } from "../../node/index.ts";
import { eventTimeMs, idempotencyKey, type StreamPacket } from "../../packet/index.ts";
import { compileValue, expressionIssues } from "../expression.ts";

const at = (ts: string, id: number) => ({ ts, payload: { id } });

export const dedup = defineNode({
  name: "dedup",
  kind: "policy",
  stateVersion: 1,
  doc: `Passes the first packet with a key and holds back those that follow within \`window_sec\`; they leave by \`duplicate\`.

The key is a [CEL](https://cel.dev) expression such as \`payload.id\` or \`source_id + "/" + string(payload.seq)\`;
without one it is the packet's idempotency key. Time is event time, so a replay gives the same result. The window
runs from the packet that passed and duplicates do not lengthen it; a packet exactly \`window_sec\` later passes.

Out of order: a packet up to \`window_sec\` older than the one that passed is a duplicate too. One that is older still
passes, is counted as \`late_total\`, and is not remembered. At most \`max_keys\` are remembered; the one that passed
longest ago is forgotten first, and counted as \`keys_evicted_total\` if its window was still open.

When somebody waits for the packet that passed (a durable edge, the sender of a request), a duplicate is answered
together with it. If it fails, the duplicate fails too and the key is forgotten, so whichever comes again passes.`,
  config: v.strictObject({
    key: v.pipe(
      v.optional(v.pipe(v.string(), v.minLength(1))),
      v.description("CEL expression for what makes two packets the same; the idempotency key when left out."),
    ),
    window_sec: v.pipe(v.optional(v.pipe(v.number(), v.gtValue(0)), 60), v.description("Length of the window.")),
    max_keys: v.pipe(
      v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 65_536),
      v.description("Keys remembered; about 200 bytes each."),
    ),
  }),
  inputs: { in: port(ANY, "Packets, some of them repeated.") },
  passes: true,
  outputs: { out: port(ANY, "First packets."), duplicate: port(ANY, "Repeats within the window.") },
  examples: [
    {
      title: "One packet per id and minute",
      config: { key: "payload.id" },
      input: [
        at("2026-01-01T00:00:00Z", 7),
        at("2026-01-01T00:00:30Z", 7),
        at("2026-01-01T00:00:30Z", 8),
        at("2026-01-01T00:01:00Z", 7),
      ],
      output: {
        out: [at("2026-01-01T00:00:00Z", 7), at("2026-01-01T00:00:30Z", 8), at("2026-01-01T00:01:00Z", 7)],
        duplicate: [at("2026-01-01T00:00:30Z", 7)],
      },
    },
  ],
  check: ({ key }) => (key === undefined ? [] : expressionIssues(["key"], key)),
  create({ key, window_sec, max_keys }, context) {
    const keyOf = key === undefined ? idempotencyKey : compileKey(key);
    const memory = new Memory(window_sec * 1_000, max_keys);
    return {
      process(packet, emit) {
        const outcome = context.outcome();
        const first = memory.admit(keyOf(packet), eventTimeMs(packet), outcome);
        if (first === undefined) return emit.out(packet);
        if (first.underWay !== undefined) outcome?.follow(first.underWay);
        emit.duplicate(packet);
      },
      metrics: () => memory.metrics(),
      snapshot: () => memory.snapshot(),
      restore: (state) => memory.restore(state),
    };
  },
});

/** Text of the key; `7` and `"7"` are different keys. */
function compileKey(text: string): (packet: StreamPacket) => string {
  const evaluate = compileValue(text);
  return (packet) => JSON.stringify(evaluate(packet));
}

/** The packet that passed with a key. */
interface Passed {
  atMs: number;
  /** Set while somebody waits for it and it may still fail. */
  underWay: PacketOutcome | undefined;
}

/** The last packet of each key that passed, in the order in which they passed. */
class Memory {
  readonly #windowMs: number;
  readonly #maxKeys: number;
  readonly #passed = new Map<string, Passed>();
  #duplicates = 0;
  #late = 0;
  #evicted = 0;

  constructor(windowMs: number, maxKeys: number) {
    this.#windowMs = windowMs;
    this.#maxKeys = maxKeys;
  }

  /** The packet that this one is a duplicate of; undefined when it passes. */
  admit(key: string, timeMs: number, outcome: PacketOutcome | undefined): Passed | undefined {
    const first = this.#passed.get(key);
    if (first !== undefined && Math.abs(timeMs - first.atMs) < this.#windowMs) {
      this.#duplicates += 1;
      return first;
    }
    if (first !== undefined && timeMs < first.atMs) this.#late += 1;
    else this.#remember(key, { atMs: timeMs, underWay: outcome });
    return undefined;
  }

  metrics() {
    return {
      keys: this.#passed.size,
      duplicates_total: this.#duplicates,
      late_total: this.#late,
      keys_evicted_total: this.#evicted,
    };
  }

  /** Without those under way: they may come again, and pass then. */
  snapshot(): [key: string, passedAtMs: number][] {
    const safe = [...this.#passed].filter(([, { underWay }]) => underWay === undefined);
    return safe.map(([key, { atMs }]) => [key, atMs]);
  }

  restore(state: unknown) {
    this.#passed.clear();
    for (const [key, atMs] of state as [string, number][]) this.#passed.set(key, { atMs, underWay: undefined });
  }

  #remember(key: string, passed: Passed) {
    this.#passed.delete(key);
    if (this.#passed.size >= this.#maxKeys) {
      const [oldest, { atMs }] = this.#passed.entries().next().value!;
      this.#passed.delete(oldest);
      if (passed.atMs - atMs < this.#windowMs) this.#evicted += 1;
    }
    this.#passed.set(key, passed);
    passed.underWay?.onSettled((failed) => {
      passed.underWay = undefined;
      // Another may have passed with the key meanwhile.
      if (failed && this.#passed.get(key) === passed) this.#passed.delete(key);
    });
  }
}

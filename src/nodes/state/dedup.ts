import * as v from "valibot";
import { ANY, defineNode, port } from "../../node/index.ts";
import { eventTimeMs, idempotencyKey, type StreamPacket } from "../../packet/index.ts";
import { compileValue, expressionIssues } from "../expression.ts";

const at = (ts: string, id: number) => ({ ts, payload: { id } });

export const dedup = defineNode({
  name: "dedup",
  kind: "policy",
  doc: `Passes the first packet with a key and holds back those that follow within \`window_sec\`; they leave by \`duplicate\`.

The key is a [CEL](https://cel.dev) expression such as \`payload.id\` or \`source_id + "/" + string(payload.seq)\`;
without one it is the packet's idempotency key. Time is event time, so a replay gives the same result. The window
runs from the packet that passed and duplicates do not lengthen it; a packet exactly \`window_sec\` later passes.

Out of order: a packet up to \`window_sec\` older than the one that passed is a duplicate too. One that is older still
passes, is counted as \`late_total\`, and is not remembered. At most \`max_keys\` are remembered; the one that passed
longest ago is forgotten first, and counted as \`keys_evicted_total\` if its window was still open.`,
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
  create({ key, window_sec, max_keys }) {
    const keyOf = key === undefined ? idempotencyKey : compileKey(key);
    const memory = new Memory(window_sec * 1_000, max_keys);
    return {
      process: (packet, emit) =>
        memory.admits(keyOf(packet), eventTimeMs(packet)) ? emit.out(packet) : emit.duplicate(packet),
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

/** When the last packet of each key passed, in the order in which they passed. */
class Memory {
  readonly #windowMs: number;
  readonly #maxKeys: number;
  readonly #passedAtMs = new Map<string, number>();
  #duplicates = 0;
  #late = 0;
  #evicted = 0;

  constructor(windowMs: number, maxKeys: number) {
    this.#windowMs = windowMs;
    this.#maxKeys = maxKeys;
  }

  admits(key: string, timeMs: number): boolean {
    const passedAtMs = this.#passedAtMs.get(key);
    if (passedAtMs !== undefined && Math.abs(timeMs - passedAtMs) < this.#windowMs) {
      this.#duplicates += 1;
      return false;
    }
    if (passedAtMs !== undefined && timeMs < passedAtMs) this.#late += 1;
    else this.#remember(key, timeMs);
    return true;
  }

  metrics() {
    return {
      keys: this.#passedAtMs.size,
      duplicates_total: this.#duplicates,
      late_total: this.#late,
      keys_evicted_total: this.#evicted,
    };
  }

  snapshot(): [key: string, passedAtMs: number][] {
    return [...this.#passedAtMs];
  }

  restore(state: unknown) {
    this.#passedAtMs.clear();
    for (const [key, passedAtMs] of state as [string, number][]) this.#passedAtMs.set(key, passedAtMs);
  }

  #remember(key: string, timeMs: number) {
    this.#passedAtMs.delete(key);
    if (this.#passedAtMs.size >= this.#maxKeys) {
      const [oldest, passedAtMs] = this.#passedAtMs.entries().next().value!;
      this.#passedAtMs.delete(oldest);
      if (timeMs - passedAtMs < this.#windowMs) this.#evicted += 1;
    }
    this.#passedAtMs.set(key, timeMs);
  }
}

import type { NodeContext } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { compileCondition, compileValue } from "../expression.ts";
import { keyName, keyValue } from "./key_text.ts";
import type { ReduceConfig } from "./reduce.ts";
import type { Emitter } from "./window_kind.ts";

/** What a key has come to; replaced at each step, never changed. */
interface Reduction {
  readonly state: unknown;
  readonly count: number;
  readonly ts: string;
}

/** The states of all keys, in the order in which the keys came. */
export class Reductions {
  readonly #options: ReduceConfig;
  readonly #context: NodeContext;
  readonly #step: ReturnType<typeof compileValue>;
  readonly #when: ReturnType<typeof compileCondition> | undefined;
  readonly #known = new Map<string, Reduction>();
  #taken = 0;
  #cut = 0;
  #refused = 0;

  constructor(options: ReduceConfig, context: NodeContext) {
    this.#options = options;
    this.#context = context;
    this.#step = compileValue(options.step, "state");
    this.#when = options.when === undefined ? undefined : compileCondition(options.when, "state");
  }

  /** False when there is no room for its key. */
  take(key: string, packet: StreamPacket, emit: Emitter): boolean {
    const before = this.#known.get(key);
    const full = before === undefined && this.#known.size >= this.#options.max_keys;
    if (full && this.#options.on_full === "refuse") {
      this.#refused += 1;
      return false;
    }
    // Before anybody makes room: a step that throws leaves everything as it was.
    const after = this.#next(before ?? { state: this.#options.initial ?? null, count: 0, ts: packet.ts }, packet);
    if (full) this.#closeOldest(emit);
    const told = this.#options.emit === "each" && this.#tells(after, packet);
    this.#taken += 1;
    if (told && this.#options.reset) this.#known.delete(key);
    else this.#known.set(key, after);
    if (told) emit(this.#result(key, after, this.#taken, false));
    return true;
  }

  /** One result for each key; then there are none. */
  *end(): Generator<StreamPacket> {
    for (const [key, reduction] of this.#known) {
      this.#known.delete(key);
      yield this.#result(key, reduction, "end", true);
    }
  }

  metrics() {
    return { keys: this.#known.size, taken_total: this.#taken, cut_total: this.#cut, refused_total: this.#refused };
  }

  snapshot() {
    const [keys, reductions] = [[...this.#known.keys()], [...this.#known.values()]];
    const { step, initial } = this.#options;
    return { shape: JSON.stringify({ step, initial }), keys, reductions, taken: this.#taken, cut: this.#cut };
  }

  restore(state: unknown) {
    const { shape, keys, reductions, taken, cut } = state as ReturnType<Reductions["snapshot"]>;
    const { step, initial } = this.#options;
    if (shape !== JSON.stringify({ step, initial }))
      throw new Error("the states were others: step or initial has been changed");
    this.#known.clear();
    for (const [at, key] of keys.entries()) this.#known.set(key, reductions[at]!);
    this.#taken = taken;
    this.#cut = cut;
  }

  #next(before: Reduction, packet: StreamPacket): Reduction {
    const state = this.#step(scope(packet, before.state));
    // A number costs the same however often it changes.
    if (typeof state === "object" || typeof state === "string") this.#checkLength(state);
    return { state, count: before.count + 1, ts: packet.ts };
  }

  #checkLength(state: unknown) {
    const { length } = JSON.stringify(state);
    const { max_state_chars } = this.#options;
    if (length <= max_state_chars) return;
    throw new Error(
      `cannot keep the state: it has ${length} characters as JSON, max_state_chars is ${max_state_chars}`,
    );
  }

  #tells = ({ state }: Reduction, packet: StreamPacket) => this.#when?.(scope(packet, state)) ?? true;

  #closeOldest(emit: Emitter) {
    const [key, reduction] = this.#known.entries().next().value!;
    this.#known.delete(key);
    this.#cut += 1;
    emit(this.#result(key, reduction, `cut/${this.#cut}`, true));
  }

  #result(key: string, { state, count, ts }: Reduction, number: number | string, final: boolean): StreamPacket {
    const cut = typeof number === "string" && number !== "end";
    const payload = { key: keyValue(key), state, count, final, ...(cut ? { cut } : {}) };
    const source_id = keyName(key);
    const meta = { idempotency_key: `${this.#context.nodeId}/${source_id}/${number}` };
    return this.#context.packet({ ts, kind: this.#options.kind, source_id, payload, meta });
  }
}

const scope = ({ payload, meta, kind, source_id, ts }: StreamPacket, state: unknown) => ({
  payload,
  meta,
  kind,
  source_id,
  ts,
  state,
});

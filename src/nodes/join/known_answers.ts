import { LRUCache } from "lru-cache";
import type { Clock } from "../../base/clock.ts";
import { toError } from "../../base/to_error.ts";
import type { NodeContext, NodeLog } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { type Asked, type Found, type Lookup, MISSED } from "./lookup.ts";

export interface AnswerOptions {
  maxAnswers: number;
  maxBytes: number;
  ttlMs: number;
  negativeTtlMs: number;
  /** What cannot be asked is thrown, and not remembered. */
  throws: boolean;
}

interface Answer {
  found: Found;
  untilMs: number;
}

/** What an entry costs besides its row. */
const OVERHEAD_BYTES = 256;

/** Remembers answers, also that there is none and that nobody could be asked; asks once for what is asked for already. */
export class KnownAnswers implements Lookup {
  readonly #asked: Asked;
  readonly #options: AnswerOptions;
  readonly #clock: Clock;
  readonly #log: NodeLog;
  readonly #answers: LRUCache<string, Answer>;
  readonly #underWay = new Map<string, Promise<Found>>();
  #hits = 0;
  #misses = 0;
  #errors = 0;
  #stale = 0;
  #evicted = 0;

  constructor(asked: Asked, options: AnswerOptions, { clock, log }: Pick<NodeContext, "clock" | "log">) {
    this.#asked = asked;
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#answers = new LRUCache({
      max: options.maxAnswers,
      maxSize: options.maxBytes,
      sizeCalculation: ({ found }, key) =>
        OVERHEAD_BYTES + key.length + (found.status === "found" ? bytesOf(found.row) : 0),
      dispose: (_answer, _key, reason) => {
        if (reason === "evict") this.#evicted += 1;
      },
    });
  }

  find(packet: StreamPacket): Found | Promise<Found> {
    const key = this.#asked.key(packet);
    const known = this.#answers.get(key);
    if (known !== undefined && this.#clock.monotonicMs() < known.untilMs) {
      this.#hits += 1;
      if (known.found.status === "found" && known.found.stale) this.#stale += 1;
      return known.found;
    }
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) {
      this.#hits += 1;
      return underWay;
    }
    this.#misses += 1;
    return this.#ask(key, packet, known);
  }

  metrics() {
    return {
      cache_hits_total: this.#hits,
      cache_misses_total: this.#misses,
      cache_evictions_total: this.#evicted,
      lookup_errors_total: this.#errors,
      stale_total: this.#stale,
      cache_answers: this.#answers.size,
      cache_bytes: this.#answers.calculatedSize,
    };
  }

  close() {
    this.#asked.close();
  }

  #ask(key: string, packet: StreamPacket, known: Answer | undefined): Found | Promise<Found> {
    try {
      const answer = this.#asked.ask(packet);
      if (!(answer instanceof Promise)) return this.#learn(key, answer);
      const asking = answer
        .then(
          (row) => this.#learn(key, row),
          (error) => this.#fail(key, toError(error), known),
        )
        .finally(() => this.#underWay.delete(key));
      this.#underWay.set(key, asking);
      return asking;
    } catch (error) {
      return this.#fail(key, toError(error), known);
    }
  }

  #learn(key: string, row: unknown): Found {
    const { ttlMs, negativeTtlMs } = this.#options;
    if (row === undefined) return this.#remember(key, MISSED, negativeTtlMs);
    return this.#remember(key, { status: "found", row }, ttlMs);
  }

  /** An old answer is better than none, and nobody is asked again for a while. */
  #fail(key: string, error: Error, known: Answer | undefined): Found {
    this.#errors += 1;
    if (this.#options.throws) throw error;
    this.#log.warn("a lookup failed", { error: error.message });
    const old = known?.found.status === "found" ? known.found : undefined;
    if (old !== undefined) this.#stale += 1;
    const found: Found = old === undefined ? { status: "failed", error } : { ...old, stale: true };
    return this.#remember(key, found, this.#options.negativeTtlMs);
  }

  #remember(key: string, found: Found, ttlMs: number): Found {
    this.#answers.set(key, { found, untilMs: this.#clock.monotonicMs() + ttlMs });
    return found;
  }
}

const bytesOf = (row: unknown) => (JSON.stringify(row) ?? "").length;

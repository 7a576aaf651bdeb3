import type { NodeContext } from "../../node/index.ts";
import type { ZoneSource } from "./zone_file.ts";
import { zonesFrom } from "./zone_file.ts";
import type { Zone } from "./zones.ts";

export interface ZoneApiOptions {
  url: string;
  timeoutMs: number;
  /** Age at which zones are fetched again; 0 or less never fetches. */
  ttlMs: number;
  /** Failures in a row before a pause, and its length. */
  maxFailures: number;
  backoffMs: number;
  /** Never wait and never fail: no zones until the first answer, as the predecessor. */
  lenient: boolean;
}

/**
 * Zones from an HTTP API, stale while they are fetched again.
 *
 * Packets are never held up by a refresh: the zones at hand serve until new ones are there. Only before the first
 * answer does a packet wait for it, and fail with it.
 */
export class ApiZones implements ZoneSource {
  readonly #options: ZoneApiOptions;
  readonly #context: NodeContext;
  readonly #closing = new AbortController();
  /** For messages: the address without user, password and query. */
  readonly #shownUrl: string;
  #zones: readonly Zone[] | undefined;
  #inFlight: Promise<void> | undefined;
  #fetchedAtMs = Number.NEGATIVE_INFINITY;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #failuresInRow = 0;
  #lastError = "the node is closing";
  #fetched = 0;
  #failed = 0;

  constructor(options: ZoneApiOptions, context: NodeContext) {
    this.#options = options;
    this.#context = context;
    this.#shownUrl = shown(options.url);
  }

  current(): readonly Zone[] | Promise<readonly Zone[]> {
    if (this.#isDue()) this.#inFlight ??= this.#load();
    return this.#zones ?? (this.#options.lenient ? [] : this.#firstAnswer());
  }

  close(): Promise<void> | undefined {
    this.#closing.abort(new Error("the node is closing"));
    return this.#inFlight;
  }

  metrics() {
    return { zones: this.#zones?.length ?? 0, refresh_total: this.#fetched, refresh_failed_total: this.#failed };
  }

  #isDue(): boolean {
    const { ttlMs } = this.#options;
    const nowMs = this.#context.clock.monotonicMs();
    if (this.#closing.signal.aborted || ttlMs <= 0) return false;
    return nowMs - this.#fetchedAtMs >= ttlMs && nowMs >= this.#pausedUntilMs;
  }

  async #firstAnswer(): Promise<readonly Zone[]> {
    await this.#inFlight;
    if (this.#zones !== undefined) return this.#zones;
    throw new Error(`cannot tell zones: none were ever fetched from ${this.#shownUrl}: ${this.#lastError}`);
  }

  async #load(): Promise<void> {
    try {
      const list = await getJson(this.#options, this.#context, this.#closing.signal);
      this.#zones = zonesFrom(list, this.#shownUrl, this.#options.lenient, this.#context.log);
      this.#fetchedAtMs = this.#context.clock.monotonicMs();
      this.#failuresInRow = 0;
      this.#fetched += 1;
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#noteFailure((error as Error).message);
    } finally {
      this.#inFlight = undefined;
    }
  }

  #noteFailure(error: string) {
    this.#failed += 1;
    this.#lastError = error;
    const stale = this.#zones?.length ?? 0;
    this.#context.log.warn("cannot fetch zones", { url: this.#shownUrl, error, stale_zones: stale });
    if (++this.#failuresInRow < this.#options.maxFailures) return;
    this.#failuresInRow = 0;
    this.#pausedUntilMs = this.#context.clock.monotonicMs() + this.#options.backoffMs;
  }
}

function shown(url: string): string {
  if (!URL.canParse(url)) return "the configured address";
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

async function getJson({ url, timeoutMs }: ZoneApiOptions, { clock, fetch }: NodeContext, closing: AbortSignal) {
  const timeout = new AbortController();
  const cancel = clock.setTimer(() => timeout.abort(new Error(`no answer within ${timeoutMs / 1_000} s`)), timeoutMs);
  try {
    const signal = AbortSignal.any([timeout.signal, closing]);
    const response = await fetch(url, { signal, headers: { accept: "application/json" } });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return (await response.json()) as unknown;
  } finally {
    cancel();
  }
}

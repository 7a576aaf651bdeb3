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
export function apiZones(options: ZoneApiOptions, context: NodeContext): ZoneSource {
  const { clock, log } = context;
  const closing = new AbortController();
  let zones: readonly Zone[] | undefined;
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let pausedUntilMs = Number.NEGATIVE_INFINITY;
  let inFlight: Promise<void> | undefined;
  let failuresInRow = 0;
  let lastError = "";
  let fetched = 0;
  let failed = 0;

  const load = async () => {
    try {
      zones = zonesFrom(await getJson(options, context, closing.signal), options.url, options.lenient, log);
      fetchedAtMs = clock.monotonicMs();
      failuresInRow = 0;
      fetched += 1;
    } catch (error) {
      if (!closing.signal.aborted) noteFailure(error as Error);
    } finally {
      inFlight = undefined;
    }
  };
  const noteFailure = (error: Error) => {
    failed += 1;
    lastError = error.message;
    log.warn("cannot fetch zones", { url: options.url, error: lastError, stale_zones: zones?.length ?? 0 });
    if (++failuresInRow < options.maxFailures) return;
    failuresInRow = 0;
    pausedUntilMs = clock.monotonicMs() + options.backoffMs;
  };
  const refreshIfDue = () => {
    const nowMs = clock.monotonicMs();
    const due = options.ttlMs > 0 && nowMs - fetchedAtMs >= options.ttlMs && nowMs >= pausedUntilMs;
    if (due && !closing.signal.aborted) inFlight ??= load();
  };
  const firstAnswer = async () => {
    await inFlight;
    if (zones !== undefined) return zones;
    throw new Error(
      `cannot tell zones: none were ever fetched from ${options.url}: ${lastError || "the node is closing"}`,
    );
  };
  return {
    current() {
      refreshIfDue();
      return zones ?? (options.lenient ? [] : firstAnswer());
    },
    close() {
      closing.abort(new Error("the node is closing"));
      return inFlight;
    },
    metrics: () => ({ zones: zones?.length ?? 0, refresh_total: fetched, refresh_failed_total: failed }),
  };
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

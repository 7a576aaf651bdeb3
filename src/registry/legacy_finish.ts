import { atLeast, boolean, integer, list, milliseconds, text } from "./legacy_config.ts";

/** Its keys for trying again are one map of ours; 3 s was its time for one try. */
export function fewTries(config: Record<string, unknown>) {
  const { retry_max_attempts, retry_backoff_sec, retry_backoff_max_sec, retry_on_status, raise_on_fail, ...rest } =
    config;
  const retry = {
    max_attempts: atLeast(1, integer)(retry_max_attempts),
    backoff_ms: milliseconds(retry_backoff_sec),
    backoff_max_ms: milliseconds(retry_backoff_max_sec),
    on_status: list(retry_on_status) ?? [408, 409, 425, 429, 500, 502, 503, 504],
    on_fail: boolean(raise_on_fail) === true ? "throw" : "pass_over",
  };
  const given = Object.fromEntries(Object.entries(retry).filter(([, value]) => value !== undefined && value !== null));
  return { timeout_ms: 3_000, ...rest, retry: given };
}

/** Waits of its cameras. A first one longer than the longest was waited all the same. */
export function waits({ backoffSec, backoffMaxSec }: { backoffSec: number; backoffMaxSec: number }) {
  return (config: Record<string, unknown>) => {
    const { reconnect_backoff_sec = backoffSec, reconnect_backoff_max_sec = backoffMaxSec, ...rest } = config;
    const numbers = typeof reconnect_backoff_sec === "number" && typeof reconnect_backoff_max_sec === "number";
    const most = numbers ? Math.max(reconnect_backoff_sec, reconnect_backoff_max_sec) : reconnect_backoff_max_sec;
    return { ...rest, reconnect_backoff_sec, reconnect_backoff_max_sec: most };
  };
}

/** A missing list was an empty one; in a packet, a `ts` that is no text and a `meta` that is no map were passed over. */
export function listedPackets({ packets, ...rest }: Record<string, unknown>) {
  if (!Array.isArray(packets)) return { ...rest, packets: packets ?? [] };
  return { ...rest, packets: packets.map((item) => (isMap(item) ? listedPacket(item) : item)) };
}

function listedPacket(item: Record<string, unknown>) {
  const { kind, source_id, ts, meta, ...rest } = item;
  return {
    ...rest,
    ...(kind === undefined || kind === null ? {} : { kind: text(kind) }),
    ...(source_id === undefined || source_id === null ? {} : { source_id: text(source_id) }),
    ...(typeof ts === "string" ? { ts } : {}),
    ...(isMap(meta) ? { meta } : {}),
  };
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

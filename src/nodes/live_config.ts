import * as v from "valibot";
import { isExpectedOffline, WEEKDAYS } from "../media/index.ts";
import type { ConfigIssue } from "../node/index.ts";

const seconds = (least: number) => v.pipe(v.number(), v.minValue(least));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const timeOfDay = v.pipe(v.string(), v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time such as 22:30"));

const hours = v.strictObject({
  from: v.pipe(timeOfDay, v.description("Beginning, such as `22:00`.")),
  to: v.pipe(timeOfDay, v.description("End; before `from`, it is on the next day.")),
  days: v.pipe(
    v.optional(v.array(v.picklist(WEEKDAYS))),
    v.description("Days on which it begins (`mon` to `sun`); every day unless given."),
  ),
});

/** Waits that differ from one kind of source to the next. */
export interface Waits {
  backoffSec: number;
  backoffMaxSec: number;
}

/** How a source that goes on for ever finds back to a camera or a microphone. */
export const reconnectEntries = ({ backoffSec, backoffMaxSec }: Waits) => ({
  reconnect: v.pipe(v.optional(v.boolean(), true), v.description("False: the first loss ends the run with an error.")),
  reconnect_backoff_sec: v.pipe(
    v.optional(seconds(0), backoffSec),
    v.description("Longest wait before the second try; it doubles with each further one."),
  ),
  reconnect_backoff_max_sec: v.pipe(v.optional(seconds(0), backoffMaxSec), v.description("No wait is longer.")),
  reconnect_max_attempts: v.pipe(
    v.optional(count, 0),
    v.description("Tries in a row that bring nothing and end the run with an error; 0: none do."),
  ),
  reconnect_jitter: v.pipe(
    v.optional(v.boolean(), true),
    v.description("Waits a random part of each wait, so that many cameras do not come back at once."),
  ),
  expected_offline: v.pipe(
    v.optional(v.union([v.boolean(), v.array(hours)]), false),
    v.description(
      'True, or hours of this machine\'s day (`{ from: "22:00", to: "06:00", days: [fri] }`) in which being away is no warning.',
    ),
  ),
  key_epoch: v.pipe(
    v.optional(v.picklist(["start", "count"]), "start"),
    v.description(
      "Epoch in the keys: with the time of the start, so that no two runs give one key; or the count alone.",
    ),
  ),
});

/** How a camera over the network is found to be back. */
export const PROBE_ENTRIES = {
  timeout_sec: v.pipe(v.optional(seconds(0.1), 5), v.description("ffmpeg gives up when nothing came for so long.")),
  probe_sec: v.pipe(
    v.optional(v.union([v.literal(0), seconds(1)]), 5),
    v.description("While it is away it is asked this often whether it is back, which ends the wait; 0 never asks."),
  ),
  away_retry_sec: v.pipe(
    v.optional(seconds(0), 60),
    v.description("While those questions find nobody, ffmpeg is started this seldom; 0: as the waits above say."),
  ),
};

const reconnectConfig = v.strictObject(reconnectEntries({ backoffSec: 1, backoffMaxSec: 60 }));
export type ReconnectConfig = v.InferOutput<typeof reconnectConfig>;
const probeConfig = v.strictObject(PROBE_ENTRIES);
export type ProbeConfig = v.InferOutput<typeof probeConfig>;

/** The config as the supervisor of a live source takes it. */
export function supervision(options: ReconnectConfig & Partial<ProbeConfig>) {
  const { timeout_sec = 0, probe_sec = 0, away_retry_sec = 0, expected_offline } = options;
  return {
    policy: {
      reconnect: options.reconnect,
      backoffMs: options.reconnect_backoff_sec * 1_000,
      backoffMaxMs: options.reconnect_backoff_max_sec * 1_000,
      maxAttempts: options.reconnect_max_attempts,
      jitter: options.reconnect_jitter,
      restMs: away_retry_sec * 1_000,
    },
    probeMs: probe_sec * 1_000,
    timeoutMs: timeout_sec * 1_000,
    expectedOffline: (nowMs: number) => isExpectedOffline(expected_offline, nowMs),
  };
}

/** What the schema cannot say. */
export function reconnectIssues(options: ReconnectConfig): ConfigIssue[] {
  const { reconnect_backoff_sec: base, reconnect_backoff_max_sec: most } = options;
  if (base <= most) return [];
  const message = `must be at least reconnect_backoff_sec (${base}): it is ${most}`;
  return [{ path: ["reconnect_backoff_max_sec"], message }];
}

/**
 * The epoch as it stands in keys. Numbers begin anew with each process, and a key of an earlier one may still wait on a
 * disk: so the time of the start stands in it.
 */
export function keyEpochs(
  { key_epoch }: Pick<ReconnectConfig, "key_epoch">,
  startMs: number,
): (epoch: number) => string {
  const start = startMs.toString(36);
  return key_epoch === "count" ? String : (epoch) => `${start}-${epoch}`;
}

import type { Circuit } from "./circuit.ts";
import { Lag } from "./lag.ts";

/** What every node with a delivery policy counts and measures beside its own; `docs/metrics.md` is made from it. */
export const DELIVERY_METRICS = {
  delivery_tries_total: "Tries: calls of the node, probes and further tries included.",
  delivery_retries_total: "Tries of a packet after its first.",
  delivery_timeouts_total: "Tries given up after `timeout_sec`.",
  delivery_unavailable_total:
    "Tries that failed because the outside could not take the packet then, timeouts included.",
  delivery_failed_total: "Tries that failed though the outside was there; these count against `max_attempts`.",
  delivery_rejected_total: "Packets that the outside will never take.",
  delivery_given_up_total: "Packets no longer held, because of `give_up_sec` or because the run ended.",
  delivery_late_total: "Results and packets of tries that had been given up; they changed nothing.",
  delivery_waiting: "Packets that wait for their next try.",
  delivery_circuit: "0 while packets go out, 1 while the outside is away, 2 while a probe is under way.",
  delivery_outages_total: "Times the circuit opened.",
  delivery_outage_seconds_total: "Time away, from the first failure to the answer of a probe; one under way included.",
  delivery_recovery_ms:
    "Last outage: from the last try that failed to the first that did not. The outside was back for at most that long before a packet reached it.",
  delivery_catch_up_ms:
    "Last outage: from its first delivery until a packet was again within 1 s of the lag (now less `ts`) of before.",
} as const;

type Own = Partial<Record<keyof typeof DELIVERY_METRICS, number>>;

/** Counts of one node's deliveries. */
export class Meter {
  tries = 0;
  retries = 0;
  timeouts = 0;
  unavailable = 0;
  failed = 0;
  rejected = 0;
  givenUp = 0;
  late = 0;
  outageMs = 0;
  recoveryMs: number | undefined;
  readonly lag = new Lag();

  count(what: "givenUp" | "late") {
    this[what] += 1;
  }

  values({ state, awaySinceMs, openedTotal }: Circuit, waiting: number, nowMs: number): Own {
    const awayMs = awaySinceMs === undefined ? 0 : nowMs - awaySinceMs;
    const { recoveryMs, lag } = this;
    return {
      delivery_tries_total: this.tries,
      delivery_retries_total: this.retries,
      delivery_timeouts_total: this.timeouts,
      delivery_unavailable_total: this.unavailable,
      delivery_failed_total: this.failed,
      delivery_rejected_total: this.rejected,
      delivery_given_up_total: this.givenUp,
      delivery_late_total: this.late,
      delivery_waiting: waiting,
      delivery_circuit: { closed: 0, open: 1, half_open: 2 }[state],
      delivery_outages_total: openedTotal,
      delivery_outage_seconds_total: (this.outageMs + awayMs) / 1_000,
      ...(recoveryMs === undefined ? {} : { delivery_recovery_ms: recoveryMs }),
      ...(lag.caughtUpMs === undefined ? {} : { delivery_catch_up_ms: lag.caughtUpMs }),
    };
  }
}

/** What the process's exit code tells. */
export const EXIT = {
  /** Also a stop by signal after a clean drain. */
  ok: 0,
  /** Runtime failure, failed test. */
  failure: 1,
  /** Usage, or an invalid graph. */
  invalid: 2,
  /** A precondition is missing: a port in use, a fault that `doctor` found. */
  precondition: 3,
  /** Finished degraded; only with `--fail-degraded`. */
  degraded: 4,
  /** With `plan --check`: state or packets that wait would be lost. */
  loses: 5,
  /** A queue or a state directory belongs to another process; the message names it. */
  owned: 73,
} as const;

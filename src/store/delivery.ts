/** A row of `deliveries`. Invariant: `out` is the number of leases that refer to it, but for {@link CLEARED}. */
export interface Delivery {
  readonly id: number;
  /** First and last row of it that is out. */
  from: number;
  to: number;
  out: number;
}

/** Of a lease whose row is not what would end the process: nothing on the disk says that it is out. */
export const CLEARED: Delivery = { id: 0, from: 0, to: 0, out: 0 };

/** One more of its rows is out. */
export function widen(delivery: Delivery, seq: number) {
  delivery.out += 1;
  delivery.from = Math.min(delivery.from, seq);
  delivery.to = Math.max(delivery.to, seq);
}

/** The row came back from a delivery (?4) before that ended, and its try is not counted. */
export const UNTRIED = `INSERT INTO tries (seq, attempts, not_before_ms, first_failed_ms, error, suspect, back)
  VALUES (?1, ?2, 0, NULL, '', ?3, ?4)
  ON CONFLICT (seq) DO UPDATE SET back = max(back, ?4)`;

/** How a node's packets get to a place that may be away. Keys as in `runtime.delivery` of a graph. */
export interface DeliveryOptions {
  /** Longest one try may take; it is given up then and counts as unavailable. */
  readonly timeout_sec: number;
  /** Tries of a packet that fails though the outside is there. */
  readonly max_attempts: number;
  /** How long a packet is held while the outside is unavailable; undefined: for ever. */
  readonly give_up_sec: number | undefined;
  /** Bound of the first wait between two tries of a packet; it doubles with each. */
  readonly backoff_ms: number;
  /** Bound of every such wait, and of the wait before a probe. */
  readonly backoff_max_ms: number;
  /** Failures in a row, of all packets together, after which only probes go out; undefined: no circuit. */
  readonly circuit: { readonly failures: number } | undefined;
  /** Tries per second, of which `burst` may come at once; undefined: no limit. */
  readonly rate: { readonly per_sec: number; readonly burst: number } | undefined;
}

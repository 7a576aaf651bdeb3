/** What becomes of the packet that a node was called with, as whoever waits for it will hear. */
export interface PacketOutcome {
  /** Calls `listener` once, when all that came of the packet is done or, in part at least, failed. At once if it is so. */
  onSettled(listener: (failed: boolean) => void): void;
  /**
   * The packet is done no sooner than the other one is, and fails when that one fails. Throws {@link Unavailable} when
   * the other waits for this one already: neither would ever be done.
   */
  follow(other: PacketOutcome): void;
}

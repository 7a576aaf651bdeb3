/**
 * A packet that a node has taken in and not yet answered for: its source hears nothing of it until `release`.
 *
 * Once a checkpoint has stored the state of a node with `snapshot`, everything that node holds is released by the
 * engine: what it stands for is safe. A later call does nothing.
 */
export interface Hold {
  /** One more hold on the packet, for something that comes of it while the node keeps it: its source waits for both. */
  share(): Hold;
  /** Done with it: what came of it was emitted, or it was left out on purpose. */
  release(): void;
  /** It failed: the source hears the error, and the packet is a dead letter or comes again. */
  fail(error: Error): void;
}

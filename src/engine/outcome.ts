import type { PacketOutcome } from "../node/index.ts";
import type { AckRoot } from "./ack.ts";

/** An ack root as a node may see it: nothing a plugin does here makes a packet done that is not. */
export class RootOutcome implements PacketOutcome {
  readonly #root: AckRoot;
  readonly #onError: (thrown: unknown) => void;

  /** `onError` hears what a listener throws, as the engine settles packets in the middle of other work. */
  constructor(root: AckRoot, onError: (thrown: unknown) => void) {
    this.#root = root;
    this.#onError = onError;
  }

  onSettled(listener: (failed: boolean) => void) {
    this.#root.onSettled((failure) => {
      try {
        listener(failure !== undefined);
      } catch (thrown) {
        this.#onError(thrown);
      }
    });
  }

  follow(other: PacketOutcome) {
    if (!(other instanceof RootOutcome)) throw new TypeError("follow takes what context.outcome() returned");
    this.#root.follow(other.#root);
  }
}

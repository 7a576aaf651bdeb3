import type { PacketOutcome } from "../node/index.ts";
import type { StreamPacket } from "../packet/index.ts";
import type { AckRoot } from "./ack.ts";

/** A call of `process`, by what came in. */
export interface OutcomeOf {
  readonly root: AckRoot;
  readonly packet: StreamPacket;
  readonly input: string;
}

/** An ack root as a node may see it: nothing a plugin does here makes a packet done that is not. */
export class RootOutcome implements PacketOutcome {
  readonly #call: OutcomeOf;
  readonly #root: AckRoot;
  readonly #onError: (thrown: unknown) => void;

  /** `onError` hears what a listener throws, as the engine settles packets in the middle of other work. */
  constructor(call: OutcomeOf, onError: (thrown: unknown) => void) {
    this.#call = call;
    this.#root = call.root;
    this.#onError = onError;
  }

  /** Whose outcome it is, for the engine: a node has no key to it. */
  static callOf(outcome: RootOutcome): OutcomeOf {
    return outcome.#call;
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

import type { Hold } from "../../node/index.ts";

/**
 * A held packet that goes into several results: its source waits until all of them are done and the node has let go of
 * the packet itself, and hears of the first that failed.
 */
export class SharedHold implements Hold {
  readonly #hold: Hold;
  #uses = 1;

  private constructor(hold: Hold) {
    this.#hold = hold;
  }

  /** Undefined when nobody waits for the packet. */
  static of(hold: Hold | undefined): SharedHold | undefined {
    return hold === undefined ? undefined : new SharedHold(hold);
  }

  /** For one more result, to be carried by it. */
  share(): Hold {
    this.#uses += 1;
    let open = true;
    const once = (end: () => void) => () => {
      if (open) end();
      open = false;
    };
    return { release: once(() => this.#leave()), fail: (error) => once(() => this.fail(error))() };
  }

  /** The node no longer keeps the packet. */
  release() {
    this.#leave();
  }

  fail(error: Error) {
    this.#hold.fail(error);
  }

  #leave() {
    this.#uses -= 1;
    if (this.#uses === 0) this.#hold.release();
  }
}

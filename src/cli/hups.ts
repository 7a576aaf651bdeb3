/**
 * SIGHUP of a run, from its first moment to its last: by itself it would end the process, and a reload that is asked for
 * while the run opens or closes its files is no reason to end it.
 */
export class Hups {
  #hear: (() => void) | undefined;
  #early = false;
  readonly #onHup = () => {
    this.#early = true;
    this.#hear?.();
  };

  constructor() {
    process.on("SIGHUP", this.#onHup);
  }

  /** Also of one that came before. */
  listen(hear: () => void) {
    this.#hear = hear;
    if (this.#early) hear();
  }

  /** Nobody does anything about further ones. */
  mute() {
    this.#hear = undefined;
  }

  release() {
    process.off("SIGHUP", this.#onHup);
  }
}

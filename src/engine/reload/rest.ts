import type { Engine } from "../engine.ts";
import { CalledOff } from "./called_off.ts";

/** Waits, turn by turn, until what a reload changes has come to rest, or it is too late or called off. */
export class Rest {
  readonly #engine: Engine;
  readonly #off = new AbortController();
  #onTurn: () => void = () => {};
  #isLate: () => boolean = () => false;
  #cancel: () => void = () => {};

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Aborted when the reload is called off. */
  get signal(): AbortSignal {
    return this.#off.signal;
  }

  /** After each turn of the engine. */
  turnEnded() {
    this.#onTurn();
  }

  callOff(reason: string) {
    this.#off.abort(new CalledOff(reason));
    this.#onTurn();
  }

  /** From now on it takes at most so long, all waiting together. */
  begin(deadlineMs: number) {
    const { timers, host } = this.#engine;
    const endMs = host.clock.monotonicMs() + deadlineMs;
    this.#cancel = timers.after(deadlineMs, () => this.#onTurn());
    this.#isLate = () => host.clock.monotonicMs() >= endMs;
  }

  end() {
    this.#cancel();
  }

  /**
   * Calls `then` in the turn's end in which `busyNow` names nothing any more. Rejects with what it names when that takes
   * too long, and with what `then` throws.
   */
  come(busyNow: () => string | undefined, then: () => void = () => {}): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onTurn = () => {
        try {
          if (!this.#looked(busyNow, then)) return;
          this.#onTurn = () => {};
          resolve();
        } catch (error) {
          this.#onTurn = () => {};
          reject(error);
        }
      };
      // Between two turns already, and often nothing is under way.
      this.#onTurn();
      this.#engine.work();
    });
  }

  #looked(busyNow: () => string | undefined, then: () => void): boolean {
    this.#off.signal.throwIfAborted();
    const busy = busyNow();
    if (busy !== undefined && !this.#isLate()) return false;
    if (busy !== undefined) throw new CalledOff(busy);
    then();
    return true;
  }
}

import type { Stage } from "../../src/drill/stage.ts";

/** The next look is due after a second. */
const TIMEOUT_MS = 900;

/** Asks a graph once a second whether it is ready, and looks whether it took and delivered packets meanwhile. */
export class Canary {
  readonly #url: string;
  readonly #stage: Stage;
  looks = 0;
  ready = 0;
  /** Looks while nothing was done to the graph and nothing was still recovering from it. */
  calmLooks = 0;
  calmReady = 0;
  /** Looks since the last of which a packet was acknowledged. */
  taking = 0;
  readonly #outagesSec: number[] = [];
  #acknowledged = 0;
  #downSec = 0;

  constructor(url: string, stage: Stage) {
    this.#url = url;
    this.#stage = stage;
  }

  /** Seconds of every time it was not ready, in order, one that goes on included. */
  get outagesSec(): readonly number[] {
    return this.#downSec > 0 ? [...this.#outagesSec, this.#downSec] : this.#outagesSec;
  }

  async look(calm: boolean) {
    const ready = await this.#isReady();
    const { acknowledged } = this.#stage.recorder.ledger;
    this.looks += 1;
    if (ready) this.ready += 1;
    if (calm) this.calmLooks += 1;
    if (calm && ready) this.calmReady += 1;
    if (acknowledged > this.#acknowledged) this.taking += 1;
    this.#acknowledged = acknowledged;
    if (!ready) this.#downSec += 1;
    else if (this.#downSec > 0) this.#outagesSec.push(this.#downSec);
    if (ready) this.#downSec = 0;
  }

  async #isReady(): Promise<boolean> {
    try {
      const response = await fetch(this.#url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }
}

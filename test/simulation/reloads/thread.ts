import type { YardLife } from "./life.ts";

/** The one thread of a process that has all its files: work gets there, is done, and its answer comes back. */
export class SimThread {
  readonly #life: YardLife;
  readonly #line: (() => void)[] = [];
  readonly #answers: (() => void)[] = [];

  constructor(life: YardLife) {
    this.#life = life;
  }

  run<Result>(work: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#line.push(() => {
        if (this.#life.step("before a round")) return;
        let answer: () => void;
        try {
          const result = work();
          answer = () => resolve(result);
        } catch (error) {
          answer = () => reject(error);
        }
        if (this.#life.step("after a round")) return;
        this.#answers.push(answer);
        // They come back in order, as messages of one thread do.
        this.#life.clock.setTimer(() => this.#answers.shift()!(), this.#delay(1));
        this.#line.shift();
        this.#next();
      });
      if (this.#line.length === 1) this.#next();
    });
  }

  #next() {
    const [work] = this.#line;
    if (work !== undefined) this.#life.clock.setTimer(work, this.#delay(this.#life.yard.roundMs));
  }

  #delay(mostMs: number): number {
    return this.#life.yard.net.between(0, mostMs);
  }
}

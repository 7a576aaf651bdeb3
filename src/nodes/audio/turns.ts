/** When something that a model hears begins and ends. In samples. */
export interface TurnRules {
  /** Probability at which it begins. */
  readonly threshold: number;
  /** Probability below which it ends. */
  readonly endThreshold: number;
  /** It must be heard for so long. */
  readonly minLength: number;
  /** It is over when it was not heard for so long; shorter pauses belong to it. */
  readonly minPause: number;
  /** Added before and behind. */
  readonly padding: number;
}

export interface Turn {
  readonly state: "start" | "end";
  readonly sampleIdx: number;
  /** The highest probability since it began. */
  readonly confidence: number;
}

/** Follows the probabilities of windows that come one after the other. */
export class Turns {
  readonly #rules: TurnRules;
  /** Where it may have begun, and how long it was heard since. */
  #heard: { fromIdx: number; length: number; confidence: number } | undefined;
  #started = false;
  /** Where the pause under way began. */
  #pauseIdx: number | undefined;
  /** Nothing begins before this: the last end, or the first sample. */
  #earliestIdx = 0;

  constructor(rules: TurnRules) {
    this.#rules = rules;
  }

  /** Something that began has not ended. */
  get started(): boolean {
    return this.#started;
  }

  /** The highest probability of what began last. */
  get confidence(): number {
    return this.#heard?.confidence ?? 0;
  }

  /** The next samples do not follow on those before. */
  restart(firstIdx: number): void {
    this.#heard = undefined;
    this.#started = false;
    this.#pauseIdx = undefined;
    this.#earliestIdx = firstIdx;
  }

  /** Takes the probability of the window from `fromIdx` to before `toIdx`. */
  take(probability: number, fromIdx: number, toIdx: number): Turn | undefined {
    const { threshold, endThreshold } = this.#rules;
    if (probability >= threshold) {
      this.#heard ??= { fromIdx, length: 0, confidence: 0 };
      this.#pauseIdx = undefined;
    }
    if (this.#heard === undefined) return undefined;
    if (probability < endThreshold) this.#pauseIdx ??= fromIdx;
    else this.#heard.length += toIdx - fromIdx;
    this.#heard.confidence = Math.max(this.#heard.confidence, probability);
    return this.#started ? this.#end(toIdx) : this.#start(toIdx);
  }

  #start(toIdx: number): Turn | undefined {
    const { minLength, padding } = this.#rules;
    const { fromIdx, length, confidence } = this.#heard!;
    if (length >= minLength) {
      this.#started = true;
      return { state: "start", sampleIdx: Math.max(this.#earliestIdx, fromIdx - padding), confidence };
    }
    // Too short to be meant: a click, a bark.
    if (this.#isOver(toIdx)) this.#heard = undefined;
    return undefined;
  }

  #end(toIdx: number): Turn | undefined {
    if (!this.#isOver(toIdx)) return undefined;
    const sampleIdx = Math.min(toIdx, this.#pauseIdx! + this.#rules.padding);
    const { confidence } = this.#heard!;
    this.restart(sampleIdx);
    return { state: "end", sampleIdx, confidence };
  }

  #isOver(toIdx: number): boolean {
    return this.#pauseIdx !== undefined && toIdx - this.#pauseIdx >= this.#rules.minPause;
  }
}

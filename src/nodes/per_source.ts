/** Why 256: more cameras than one process decodes, and few enough that a source inventing ids costs little. */
export const MAX_SOURCES = 256;

/** What a node knows of each source. At most `max` sources; the one that was silent longest makes room for another. */
export class PerSource<State> {
  readonly #states = new Map<string, State>();
  readonly #max: number;
  readonly #make: () => State;
  readonly #onForgotten: (state: State) => void;
  #forgotten = 0;

  constructor(max: number, make: () => State, onForgotten: (state: State) => void = () => {}) {
    this.#max = max;
    this.#make = make;
    this.#onForgotten = onForgotten;
  }

  of(source: string): State {
    const known = this.#states.get(source);
    this.#states.delete(source);
    if (known === undefined && this.#states.size >= this.#max) this.#forget();
    const state = known ?? this.#make();
    this.#states.set(source, state);
    return state;
  }

  metrics() {
    return { sources: this.#states.size, sources_forgotten_total: this.#forgotten };
  }

  entries = (): [source: string, state: State][] => [...this.#states];

  /** Instead of what is known now. */
  set(entries: Iterable<readonly [source: string, state: State]>) {
    this.#states.clear();
    for (const [source, state] of entries) this.#states.set(source, state);
  }

  #forget() {
    const [oldest, state] = this.#states.entries().next().value!;
    this.#states.delete(oldest);
    this.#forgotten += 1;
    this.#onForgotten(state);
  }
}

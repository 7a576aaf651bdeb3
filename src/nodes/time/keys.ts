import { NONE } from "./panes.ts";

/** The keys that have open windows, by number; the number of one that has none any more is used again. */
export class Keys {
  /** In the order in which they came. */
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];
  #free: number[] = [];
  /** Newest slot of each key. */
  readonly newest: number[] = [];

  get size(): number {
    return this.#numbers.size;
  }

  /** NONE when it is not known. */
  find = (text: string): number => this.#numbers.get(text) ?? NONE;

  add(text: string): number {
    const key = this.#free.pop() ?? this.#texts.length;
    this.#numbers.set(text, key);
    this.#texts[key] = text;
    this.newest[key] = NONE;
    return key;
  }

  text = (key: number): string => this.#texts[key]!;

  remove(key: number) {
    this.#numbers.delete(this.#texts[key]!);
    this.#texts[key] = "";
    this.#free.push(key);
  }

  /** The one that came first of those that are there. */
  oldest = (): number => this.#numbers.values().next().value ?? NONE;

  snapshot() {
    const [texts, numbers] = [[...this.#numbers.keys()], Int32Array.from(this.#numbers.values())];
    return { texts, numbers, free: Int32Array.from(this.#free), newest: Int32Array.from(this.newest) };
  }

  restore(state: unknown) {
    const { texts, numbers, free, newest } = state as ReturnType<Keys["snapshot"]>;
    this.#numbers.clear();
    this.#texts.length = 0;
    for (let at = 0; at < newest.length; at++) this.#texts.push("");
    for (const [at, text] of texts.entries()) {
      this.#numbers.set(text, numbers[at]!);
      this.#texts[numbers[at]!] = text;
    }
    this.#free = Array.from(free);
    this.newest.length = 0;
    for (const slot of newest) this.newest.push(slot);
  }
}

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

  /** All texts in one, which a checkpoint takes over at a tenth of the cost of a list. */
  snapshot() {
    const texts = [...this.#numbers.keys()];
    const lengths = new Int32Array(texts.length);
    for (let at = 0; at < texts.length; at++) lengths[at] = texts[at]!.length;
    const numbers = Int32Array.from(this.#numbers.values());
    return {
      text: texts.join(""),
      lengths,
      numbers,
      free: Int32Array.from(this.#free),
      newest: Int32Array.from(this.newest),
    };
  }

  restore(state: unknown) {
    const { text, lengths, numbers, free, newest } = state as ReturnType<Keys["snapshot"]>;
    this.#numbers.clear();
    this.#texts.length = 0;
    this.newest.length = 0;
    this.#free = Array.from(free);
    for (const slot of newest) {
      this.newest.push(slot);
      this.#texts.push("");
    }
    let at = 0;
    for (const [index, key] of numbers.entries()) {
      const own = text.slice(at, at + lengths[index]!);
      at += own.length;
      this.#numbers.set(own, key);
      this.#texts[key] = own;
    }
  }
}

/** What may stand in a {@link Lowest}. */
export interface Placed {
  tsMs: number;
  /** Its place there, kept by it; -1 while it stands in none. */
  at: number;
}

/**
 * Items with the lowest time first, whose times rise while they stand here: a binary heap that knows the place of each.
 *
 * Own code: a watermark asks for the lowest after every packet, and the heaps of libraries cannot move an item.
 */
export class Lowest<Item extends Placed> {
  readonly #items: Item[] = [];

  get first(): Item | undefined {
    return this.#items[0];
  }

  add(item: Item) {
    item.at = this.#items.push(item) - 1;
    this.#rise(item);
  }

  remove(item: Item) {
    const { at } = item;
    const last = this.#items.pop()!;
    item.at = -1;
    if (last === item) return;
    this.#place(last, at);
    this.#rise(last);
    this.#sink(last);
  }

  /** The item's time is later than it was. */
  raised(item: Item) {
    this.#sink(item);
  }

  #rise(item: Item) {
    while (item.at > 0) {
      const above = this.#items[(item.at - 1) >> 1]!;
      if (above.tsMs <= item.tsMs) return;
      const { at } = above;
      this.#place(above, item.at);
      this.#place(item, at);
    }
  }

  #sink(item: Item) {
    for (;;) {
      const left = 2 * item.at + 1;
      const [one, other] = [this.#items[left], this.#items[left + 1]];
      const below = other !== undefined && other.tsMs < one!.tsMs ? other : one;
      if (below === undefined || below.tsMs >= item.tsMs) return;
      const { at } = below;
      this.#place(below, item.at);
      this.#place(item, at);
    }
  }

  #place(item: Item, at: number) {
    this.#items[at] = item;
    item.at = at;
  }
}

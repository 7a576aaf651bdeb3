/**
 * Which slots are due when: lists by time, and a heap of the times. Windows of many keys end together, so there are few
 * times. A slot that is given another time stays in its old list; whoever takes a list looks whether it still counts.
 */
export class Agenda {
  readonly #lists = new Map<number, number[]>();
  /** Binary heap, the earliest first. */
  #times: number[] = [];
  /** Kept apart, as it is asked for at every advance. */
  #next = Number.POSITIVE_INFINITY;

  /** The earliest time; Infinity when nothing is due before the end of the input. */
  get nextMs(): number {
    return this.#next;
  }

  add(slot: number, timeMs: number) {
    const list = this.#lists.get(timeMs);
    if (list !== undefined) return void list.push(slot);
    this.#lists.set(timeMs, [slot]);
    this.#rise(timeMs);
    this.#next = this.#times[0]!;
  }

  /** The slots of the earliest time. */
  take(): number[] {
    const list = this.#lists.get(this.#next) ?? [];
    this.#lists.delete(this.#next);
    this.#sink();
    this.#next = this.#times[0] ?? Number.POSITIVE_INFINITY;
    return list;
  }

  #rise(timeMs: number) {
    const times = this.#times;
    let at = times.push(timeMs) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (times[above]! <= timeMs) break;
      times[at] = times[above]!;
      at = above;
    }
    times[at] = timeMs;
  }

  #sink() {
    const times = this.#times;
    const last = times.pop();
    if (last === undefined || times.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= times.length) break;
      if (below + 1 < times.length && times[below + 1]! < times[below]!) below += 1;
      if (times[below]! >= last) break;
      times[at] = times[below]!;
      at = below;
    }
    times[at] = last;
  }
}

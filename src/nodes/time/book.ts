import type { StreamPacket } from "../../packet/index.ts";
import { Agenda } from "./agenda.ts";
import { Keys } from "./keys.ts";
import { DIRTY, FINAL, NONE, Panes } from "./panes.ts";
import type { Firing, Results } from "./results.ts";
import { EARLIEST_MS, LATEST_MS, timeText } from "./time_text.ts";

/** What a kind of windows keeps of each slot besides: as a rule, the aggregates. */
export interface Contents {
  grow(capacity: number): void;
  clear(slot: number): void;
  add(slot: number, timeMs: number): void;
}

export interface Limits {
  maxKeys: number;
  maxWindows: number;
}

/** Every open window of a node: keys, slots, when they are due, and what they give. Kinds of windows write into it. */
export class Book {
  readonly keys = new Keys();
  readonly panes: Panes;
  readonly agenda = new Agenda();
  readonly #contents: Contents;
  readonly #results: Results;
  readonly #limits: Limits;
  /** Of the last advance. */
  watermarkMs = Number.NEGATIVE_INFINITY;
  opened = 0;
  cut = 0;

  constructor(contents: Contents, results: Results, limits: Limits) {
    this.#contents = contents;
    this.#results = results;
    this.#limits = limits;
    this.panes = new Panes((capacity) => contents.grow(capacity));
  }

  /** Whether there is room for so many more windows of a key. */
  hasRoom(key: number, windows: number): boolean {
    if (windows > 0 && this.panes.open + windows > this.#limits.maxWindows) return false;
    return key !== NONE || this.keys.size < this.#limits.maxKeys;
  }

  /** Throws for a window whose ends cannot be written as a time. */
  checkRange(startMs: number, endMs: number) {
    if (startMs >= EARLIEST_MS && endMs <= LATEST_MS) return;
    const [first, last] = [timeText(EARLIEST_MS), timeText(LATEST_MS)];
    throw new Error(`cannot put the packet into a window: windows lie between ${first} and ${last}, this one does not`);
  }

  /** Opens a window of a key, in its chain behind `newer`; NONE: as its newest. */
  open(key: number, startMs: number, endMs: number, newer: number): number {
    const { panes } = this;
    const slot = panes.take();
    panes.start[slot] = startMs;
    panes.end[slot] = endMs;
    panes.due[slot] = Number.NaN;
    panes.count[slot] = 0;
    panes.skipped[slot] = 0;
    panes.firing[slot] = 0;
    panes.flags[slot] = 0;
    panes.key[slot] = key;
    this.opened += 1;
    panes.number[slot] = this.opened;
    this.#link(key, slot, newer);
    this.#contents.clear(slot);
    return slot;
  }

  /** Adds the packet that was read last. */
  add(slot: number, timeMs: number, skipped: number) {
    const { panes } = this;
    panes.count[slot]! += 1;
    panes.flags[slot]! |= DIRTY;
    if (skipped > 0) panes.skipped[slot]! += skipped;
    this.#contents.add(slot, timeMs);
  }

  schedule(slot: number, dueMs: number) {
    this.panes.due[slot] = dueMs;
    this.agenda.add(slot, dueMs);
  }

  /** The result of a window as it is; what is said of it besides goes before what is in its slot. */
  fire(slot: number, final: boolean, besides: Partial<Firing> = {}): StreamPacket {
    const { panes } = this;
    panes.flags[slot] = final ? FINAL : 0;
    panes.firing[slot]! += 1;
    return this.#results.packet({
      slot,
      key: this.keys.text(panes.key[slot]!),
      startMs: panes.start[slot]!,
      endMs: panes.end[slot]!,
      count: panes.count[slot]!,
      skipped: panes.skipped[slot]!,
      firing: panes.firing[slot]!,
      final,
      cut: 0,
      ...besides,
    });
  }

  /** The number of one more window that is closed before its time. */
  nextCut(): number {
    this.cut += 1;
    return this.cut;
  }

  /** Forgets a window, and its key with its last one. */
  drop(slot: number) {
    const { panes, keys } = this;
    const [key, newer, older] = [panes.key[slot]!, panes.newer[slot]!, panes.older[slot]!];
    if (newer === NONE) keys.newest[key] = older;
    else panes.older[newer] = older;
    if (older !== NONE) panes.newer[older] = newer;
    if (keys.newest[key] === NONE) keys.remove(key);
    panes.give(slot);
    this.#contents.clear(slot);
  }

  /** The windows of a key, oldest first. */
  ofKey(key: number): number[] {
    const slots: number[] = [];
    for (let slot = this.keys.newest[key]!; slot !== NONE; slot = this.panes.older[slot]!) slots.push(slot);
    return slots.reverse();
  }

  /** By the end of their windows, then by key: an order that does not depend on the order of the packets. */
  sort(slots: number[]): number[] {
    const { panes, keys } = this;
    if (slots.length < 2) return slots;
    const texts = new Map(slots.map((slot) => [slot, keys.text(panes.key[slot]!)]));
    return slots.sort((a, b) => panes.end[a]! - panes.end[b]! || order(texts.get(a)!, texts.get(b)!));
  }

  snapshot() {
    const { watermarkMs, opened, cut } = this;
    return { watermarkMs, opened, cut, keys: this.keys.snapshot(), panes: this.panes.snapshot() };
  }

  restore(state: unknown) {
    const { watermarkMs, opened, cut, keys, panes } = state as ReturnType<Book["snapshot"]>;
    this.watermarkMs = watermarkMs;
    this.opened = opened;
    this.cut = cut;
    this.keys.restore(keys);
    this.panes.restore(panes);
    for (const slot of this.panes.slots()) {
      const dueMs = this.panes.due[slot]!;
      if (!Number.isNaN(dueMs)) this.agenda.add(slot, dueMs);
    }
  }

  #link(key: number, slot: number, newer: number) {
    const { panes, keys } = this;
    const older = newer === NONE ? keys.newest[key]! : panes.older[newer]!;
    panes.newer[slot] = newer;
    panes.older[slot] = older;
    if (newer === NONE) keys.newest[key] = slot;
    else panes.older[newer] = slot;
    if (older !== NONE) panes.newer[older] = slot;
  }
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

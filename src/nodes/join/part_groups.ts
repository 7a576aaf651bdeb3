import type { Hold } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import type { JoinKey } from "./join_key.ts";

export interface Part {
  readonly packet: StreamPacket;
  readonly hold: Hold | undefined;
}

/** The parts of one packet that are there so far, by name. */
export interface Group {
  readonly key: JoinKey;
  /** How many there should be. */
  readonly size: number;
  readonly parts: Map<string, Part>;
  /** On the monotonic clock. */
  readonly openedAtMs: number;
}

export const isWhole = ({ size, parts }: Group): boolean => parts.size === size;

export interface GroupBounds {
  maxGroups: number;
  maxPackets: number;
}

/** Groups in the order in which they were opened, and keys of those that are closed. */
export class PartGroups {
  readonly #bounds: GroupBounds;
  readonly #open = new Map<string, Group>();
  /** Names of the parts that a group left with before it was whole; undefined: it was. As many as may be open. */
  readonly #closed = new Map<string, ReadonlySet<string> | undefined>();
  #packets = 0;

  constructor(bounds: GroupBounds) {
    this.#bounds = bounds;
  }

  get size() {
    return this.#open.size;
  }

  get packets() {
    return this.#packets;
  }

  get first(): Group | undefined {
    return this.#open.values().next().value;
  }

  get = (key: string): Group | undefined => this.#open.get(key);

  of(key: JoinKey, make: () => Omit<Group, "parts" | "key">): Group {
    const known = this.#open.get(key.text);
    if (known !== undefined) return known;
    const group = { key, ...make(), parts: new Map<string, Part>() };
    this.#open.set(key.text, group);
    return group;
  }

  /** Name of a part that has no place of its own: that of the same packet from before, or the next one. */
  nextName(key: string, packetId: string): string {
    const parts = this.#open.get(key)?.parts;
    for (const [name, { packet }] of parts ?? []) if (packet.packet_id === packetId) return name;
    return String(parts?.size ?? 0);
  }

  /** Adds a part; gives back the same part from before. */
  add(group: Group, name: string, part: Part): Part | undefined {
    const before = group.parts.get(name);
    if (before === undefined) this.#packets += 1;
    group.parts.set(name, part);
    return before;
  }

  close(group: Group) {
    this.#open.delete(group.key.text);
    this.#packets -= group.parts.size;
    this.remember(group.key.text, isWhole(group) ? undefined : new Set(group.parts.keys()));
  }

  /** Those that were opened by then leave; all of them at the end. */
  closeOpenedBy(timeMs: number): Group[] {
    const over: Group[] = [];
    for (const group of this.#open.values()) {
      if (group.openedAtMs > timeMs) break;
      over.push(group);
    }
    for (const group of over) this.close(group);
    return over;
  }

  /** The oldest ones beyond the bounds leave early. */
  closeBeyondBounds(): Group[] {
    const over: Group[] = [];
    while (this.#open.size > this.#bounds.maxGroups || this.#packets > this.#bounds.maxPackets) {
      over.push(this.first!);
      this.close(this.first!);
    }
    return over;
  }

  /** `closed`: it comes too late. `again`: it was in a group that left without being whole, and may do so once more. */
  stateOf(key: string, name: string): "open" | "closed" | "again" {
    if (!this.#closed.has(key)) return "open";
    return this.#closed.get(key)?.has(name) ? "again" : "closed";
  }

  remember(key: string, names: ReadonlySet<string> | undefined) {
    this.#closed.delete(key);
    this.#closed.set(key, names);
    if (this.#closed.size > this.#bounds.maxGroups) this.#closed.delete(this.#closed.keys().next().value!);
  }

  forget(key: string) {
    this.#closed.delete(key);
  }

  groups = (): Group[] => [...this.#open.values()];

  closed = (): [key: string, names: string[] | null][] =>
    [...this.#closed].map(([key, names]) => [key, names === undefined ? null : [...names]]);
}

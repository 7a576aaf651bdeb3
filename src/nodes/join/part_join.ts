import { durationMs } from "../../base/duration.ts";
import type { Emit, NodeContext } from "../../node/index.ts";
import { type StreamPacket, typeName } from "../../packet/index.ts";
import { isMap } from "../payload_path.ts";
import { compileKey, type JoinKey } from "./join_key.ts";
import { joinedParts } from "./joined_parts.ts";
import { MAX_PARTS, type PartConfig } from "./part_config.ts";
import { type Group, isWhole, PartGroups } from "./part_groups.ts";

interface State {
  groups: { key: unknown; size: number; parts: [name: string, packet: StreamPacket][] }[];
  closed: [key: string, names: string[] | null][];
}

type Out = Emit<"out" | "late">;

/** Parts that wait for the others of their packet. */
export class PartJoin {
  readonly #config: PartConfig;
  readonly #context: NodeContext;
  readonly #timeoutMs: number;
  readonly #keyOf: (packet: StreamPacket) => JoinKey;
  #groups: PartGroups;
  #joined = 0;
  #partial = 0;
  #late = 0;
  #evicted = 0;
  #duplicates = 0;

  constructor(options: PartConfig, context: NodeContext) {
    this.#config = options;
    this.#context = context;
    this.#timeoutMs = durationMs(options.timeout);
    this.#keyOf = keyReader(options);
    this.#groups = this.#noGroups();
  }

  process(packet: StreamPacket, emit: Out, input: string) {
    const key = this.#keyOf(packet);
    const size = this.#sizeOf(packet);
    const name = this.#nameOf(packet, input, key, size);
    this.#check(packet, key, size);
    const state = this.#groups.stateOf(key.text, name);
    const hold = this.#context.hold();
    if (state === "closed" || (state === "again" && hold === undefined)) {
      this.#late += 1;
      hold?.release();
      return emit.late(packet);
    }
    this.#groups.forget(key.text);
    const group = this.#groups.of(key, () => ({ size, openedAtMs: this.#context.clock.monotonicMs() }));
    const before = this.#groups.add(group, name, { packet, hold });
    if (before !== undefined) this.#duplicates += 1;
    before?.hold?.release();
    const whole = isWhole(group) ? [group] : [];
    for (const each of whole) this.#groups.close(each);
    const over = this.#groups.closeBeyondBounds();
    this.#evicted += over.length;
    this.#leave([...whole, ...over], emit);
    if (whole.length > 0) this.#context.outcome()?.onSettled((failed) => failed && this.#groups.forget(key.text));
    this.#wakeForFirst();
  }

  /** Nothing follows the end of the input: what is there leaves. */
  advance(watermarkMs: number, emit: Out) {
    if (watermarkMs !== Number.POSITIVE_INFINITY) return;
    this.#leave(this.#groups.closeOpenedBy(Number.POSITIVE_INFINITY), emit);
    this.#wakeForFirst();
  }

  wake(emit: Out) {
    this.#leave(this.#groups.closeOpenedBy(this.#context.clock.monotonicMs() - this.#timeoutMs), emit);
    this.#wakeForFirst();
  }

  metrics() {
    return {
      joined_total: this.#joined,
      partial_total: this.#partial,
      late_total: this.#late,
      evicted_total: this.#evicted,
      duplicates_total: this.#duplicates,
      groups: this.#groups.size,
      packets: this.#groups.packets,
    };
  }

  snapshot(): State {
    const groups = this.#groups.groups().map(({ key, size, parts }) => ({
      key: key.value,
      size,
      parts: [...parts].map(([name, { packet }]): [string, StreamPacket] => [name, packet]),
    }));
    return { groups, closed: this.#groups.closed() };
  }

  restore(state: unknown) {
    const { groups, closed } = state as State;
    this.#groups = this.#noGroups();
    const openedAtMs = this.#context.clock.monotonicMs();
    for (const { key: value, size, parts } of groups) {
      const group = this.#groups.of({ value, text: JSON.stringify(value) }, () => ({ size, openedAtMs }));
      for (const [name, packet] of parts) this.#groups.add(group, name, { packet, hold: undefined });
    }
    for (const [key, names] of closed) this.#groups.remember(key, names === null ? undefined : new Set(names));
    this.#wakeForFirst();
  }

  /** Each answers for its own parts: one that fails takes no other with it. */
  #leave(groups: readonly Group[], emit: Out) {
    const { as, kind, parts: names } = this.#config;
    for (const group of groups) {
      const fields = joinedParts(group, { as, kind, names, nodeId: this.#context.nodeId });
      this.#context.carry([...group.parts.values()].map(({ hold }) => hold));
      if (fields.meta?.partial) this.#partial += 1;
      else this.#joined += 1;
      emit.out(this.#context.packet(fields));
    }
  }

  /** One timer for all: they wait equally long, so the one opened first is due first. */
  #wakeForFirst() {
    const { first } = this.#groups;
    const nowMs = this.#context.clock.monotonicMs();
    this.#context.wakeAfter(first && Math.max(0, first.openedAtMs + this.#timeoutMs - nowMs));
  }

  /** Before the packet is held: what is thrown later would leave the others held for ever. */
  #check({ payload }: StreamPacket, { text }: JoinKey, size: number) {
    const open = this.#groups.get(text);
    if (open !== undefined && open.size !== size) {
      throw new Error(`cannot join this part: it says that there are ${size}, and the first one said ${open.size}`);
    }
    if (this.#config.as !== "merged" || isMap(payload)) return;
    throw new TypeError(`cannot merge this part: its payload must be a map, got ${typeName(payload)}; use as: list`);
  }

  /** How many parts the packet's group should have. */
  #sizeOf({ meta }: StreamPacket): number {
    const { parts, count } = this.#config;
    if (parts !== undefined) return parts.length;
    const given = count ?? (isMap(meta.split) ? meta.split.count : undefined);
    if (isWithin(given, 1, MAX_PARTS)) return given;
    const got = JSON.stringify(given) ?? "nothing";
    throw new Error(
      `cannot tell how many parts there are: meta.split.count must be 1 to ${MAX_PARTS}, got ${got}; or set count or parts`,
    );
  }

  #nameOf({ meta, packet_id }: StreamPacket, input: string, key: JoinKey, size: number): string {
    if (this.#config.parts !== undefined) return input;
    const index = isMap(meta.split) ? meta.split.index : undefined;
    if (index === undefined) return this.#groups.nextName(key.text, packet_id);
    if (isWithin(index, 0, size - 1)) return String(index);
    throw new Error(
      `cannot tell which part this is: meta.split.index must be 0 to ${size - 1}, got ${JSON.stringify(index)}`,
    );
  }

  #noGroups() {
    const { max_groups, max_packets } = this.#config;
    return new PartGroups({ maxGroups: max_groups, maxPackets: max_packets });
  }
}

const isWithin = (value: unknown, least: number, most: number): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;

function keyReader({ key, parts }: PartConfig): (packet: StreamPacket) => JoinKey {
  if (key !== undefined) return compileKey(key);
  return parts === undefined ? splitKey : ({ packet_id: value }) => ({ value, text: JSON.stringify(value) });
}

function splitKey({ meta }: StreamPacket): JoinKey {
  const id = isMap(meta.split) ? meta.split.id : undefined;
  if ((typeof id === "string" && id !== "") || typeof id === "number") return { value: id, text: JSON.stringify(id) };
  throw new Error(
    "cannot tell to which packet this part belongs: it has no meta.split.id, which split writes; set key",
  );
}

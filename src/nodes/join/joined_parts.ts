import { type PacketFields, parseIsoMs, type StreamPacket } from "../../packet/index.ts";
import type { Group } from "./part_groups.ts";

export const FORMS = ["list", "map", "merged"] as const;
export type Form = (typeof FORMS)[number];

export interface JoinedOptions {
  as: Form;
  kind: string;
  /** Names of all parts in their order; their numbers when left out. */
  names: readonly string[] | undefined;
  nodeId: string;
}

/** Of missing parts this many are named: of a packet of very many the number says more. */
const MAX_NAMED = 100;

/** The packet that a group becomes; of a group that is not whole it says what is missing. */
export function joinedParts({ key, size, parts }: Group, { as, kind, names, nodeId }: JoinedOptions): PacketFields {
  const all = names ?? Array.from({ length: size }, (_, index) => String(index));
  const there = all.filter((name) => parts.has(name));
  const packets = there.map((name) => parts.get(name)!.packet);
  const missing = all.filter((name) => !parts.has(name));
  const partial = missing.length === 0 ? {} : { partial: true, missing: missing.slice(0, MAX_NAMED) };
  const { split: _, ...meta } = packets[0]!.meta;
  return {
    kind,
    ts: latest(packets),
    source_id: packets[0]!.source_id,
    payload: as === "merged" ? merged(packets) : { key: key.value, parts: content(there, packets, as), ...partial },
    meta: { ...meta, ...partial, idempotency_key: `${nodeId}:${key.text}${missing.length === 0 ? "" : ":partial"}` },
  };
}

const content = (names: readonly string[], packets: readonly StreamPacket[], as: Form) =>
  as === "list"
    ? packets.map(({ payload }) => payload)
    : Object.fromEntries(names.map((name, at) => [name, packets[at]!.payload]));

/** A later part's fields replace those of an earlier one. */
const merged = (packets: readonly StreamPacket[]): Record<string, unknown> =>
  Object.assign({}, ...packets.map(({ payload }) => payload));

/** Of parts without a time that can be read the first one's. */
function latest(packets: readonly StreamPacket[]): string {
  return packets.reduce((last, one) => (parseIsoMs(one.ts) > parseIsoMs(last.ts) ? one : last)).ts;
}

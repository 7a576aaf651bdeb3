import type { Example, ExamplePacket } from "../../src/node/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import type { Emitted } from "./play.ts";

/** A packet reduced to the fields an example names. */
type Shown = Record<string, unknown>;
type ByPort = Record<string, Shown[]>;

const fieldsOf = (packet: ExamplePacket): Shown => (typeof packet === "string" ? { source_id: packet } : { ...packet });

/** What an example expects, by output port. */
export function expectedOutput({ output = {} }: Example): ByPort {
  return Object.fromEntries(Object.entries(output).map(([port, packets]) => [port, packets.map(fieldsOf)]));
}

/** What came, each packet with only the fields the expected one in its place has; surplus ones stay whole. */
export function actualOutput({ output = {} }: Example, emitted: readonly Emitted[]): ByPort {
  const shown: ByPort = Object.fromEntries(Object.keys(output).map((port) => [port, []]));
  for (const { port, packet } of emitted) {
    shown[port] ??= [];
    const expected = output[port]?.[shown[port].length];
    shown[port].push(expected === undefined ? { ...packet } : pick(packet, Object.keys(fieldsOf(expected))));
  }
  return shown;
}

const pick = (packet: StreamPacket, names: string[]): Shown =>
  Object.fromEntries(names.map((name) => [name, packet[name as keyof StreamPacket]]));

import type { StreamPacket } from "../../packet/index.ts";
import { keyText } from "./key_text.ts";
import { type Place, placeReader, placeText } from "./place.ts";

/** Text of a packet's key, see `keyText`; its source when no place is given. A packet without the key is an error. */
export function packetKey(from: Place | undefined): (packet: StreamPacket) => string {
  if (from === undefined) return ({ source_id }) => keyText(source_id);
  const read = placeReader(from);
  return (packet) => {
    const value = read(packet);
    if (value !== undefined && value !== null) return keyText(value);
    throw new Error(`cannot tell the packet's key: ${placeText(from)} is ${value === null ? "null" : "missing"}`);
  };
}

import { isBytesRef, type PayloadRef, type StreamPacket } from "../packet/index.ts";
import type { WrittenLine } from "./format.ts";
import { hidden, type MaskPath, masked } from "./masks.ts";
import { encodeValue } from "./value_codec.ts";

export interface LineOptions {
  readonly masks: readonly MaskPath[];
  /** Hears of masks that had something to hide. */
  onMasked?: ((path: MaskPath) => void) | undefined;
  /** Text without the secrets of the run. */
  hide(text: string): string;
  /** What a reference leads to, when that is to be in the recording; undefined when it cannot be had now. */
  referred?: ((ref: PayloadRef) => Uint8Array | undefined) | undefined;
}

export interface EncodedLine {
  /** Whole lines, and what follows them. */
  readonly pieces: readonly (string | Uint8Array)[];
  /** A secret was in the packet, and is not in the line. */
  readonly hid: boolean;
  /** The payload refers to bytes that were asked for and could not be had. */
  readonly unreferred: boolean;
}

/** A packet as it is written. Throws a TypeError for one that a recording cannot hold. */
export function encodePacket(at: number, from: string, packet: StreamPacket, options: LineOptions): EncodedLine {
  const bytes: Uint8Array[] = [];
  const line: WrittenLine = { at, from, packet: fieldsOf(packet, options, bytes) };
  const wanted = options.referred !== undefined && isBytesRef(packet.payload) ? packet.payload.ref : undefined;
  const referred = wanted && options.referred?.(wanted);
  if (referred !== undefined) line.referred = bytes.push(referred) - 1;
  if (bytes.length > 0) line.bytes = bytes.map(({ byteLength }) => byteLength);
  const text = JSON.stringify(line);
  const hid = options.hide(text) !== text;
  const shown = hid ? JSON.stringify({ ...line, packet: hidden(line.packet, options.hide) }) : text;
  const pieces = bytes.length === 0 ? [`${shown}\n`] : [`${shown}\n`, ...bytes, "\n"];
  return { pieces, hid, unreferred: wanted !== undefined && referred === undefined };
}

function fieldsOf(packet: StreamPacket, { masks, onMasked }: LineOptions, bytes: Uint8Array[]) {
  const { packet_id, ts, kind, source_id } = packet;
  // Masked first: bytes that nobody is to see are not taken out either.
  const { payload, meta } = masks.reduce<Record<string, unknown>>(
    (fields, path) => {
      const shown = masked(fields, path) as Record<string, unknown>;
      if (shown !== fields) onMasked?.(path);
      return shown;
    },
    { payload: packet.payload, meta: packet.meta },
  );
  return {
    ...{ packet_id, ts, kind, source_id },
    payload: encodeValue(payload, "payload", bytes),
    meta: encodeValue(meta, "meta", bytes),
  };
}

import { type StreamPacket, typeName } from "../../packet/index.ts";

/** The number of a frame in its stream: `payload.frame_idx`, or `payload.frame_index`. Throws when there is none. */
export function frameIndex(packet: StreamPacket): number {
  const { payload } = packet;
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) {
    throw new TypeError(`cannot read the frame's number: the payload must be a map, got ${typeName(payload)}`);
  }
  const { frame_idx, frame_index } = payload as Record<string, unknown>;
  const index = frame_idx ?? frame_index;
  if (Number.isInteger(index)) return index as number;
  throw new TypeError(
    `cannot read the frame's number: payload.frame_idx must be an integer, got ${index === undefined ? "nothing" : String(index)}`,
  );
}

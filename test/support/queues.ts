import type { StreamPacket } from "../../src/packet/index.ts";

/** A packet with this number, from one of two cameras in turn. */
export const packet = (at: number, fields: Partial<StreamPacket> = {}): StreamPacket => ({
  packet_id: `p${at}`,
  ts: "2026-01-01T00:00:00Z",
  kind: at % 2 === 0 ? "event" : "sensor",
  source_id: at % 2 === 0 ? "cam02" : "cam01",
  payload: { at },
  meta: {},
  ...fields,
});

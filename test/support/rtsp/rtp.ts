import type { AccessUnit, Codec } from "./access_units.ts";

/** Leaves room for IP, UDP and RTP headers in an Ethernet frame of 1,500 bytes. */
const MAX_PAYLOAD = 1_400;

/** One RTP stream: numbers its packets. */
export class RtpStream {
  #sequence = 0;

  constructor(
    readonly payloadType: number,
    readonly ssrc: number,
  ) {}

  packet(payload: Uint8Array, timestamp: number, marker: boolean): Uint8Array {
    const packet = new Uint8Array(12 + payload.length);
    const view = new DataView(packet.buffer);
    packet[0] = 0x80;
    packet[1] = this.payloadType | (marker ? 0x80 : 0);
    view.setUint16(2, this.#sequence);
    view.setUint32(4, timestamp >>> 0);
    view.setUint32(8, this.ssrc);
    packet.set(payload, 12);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    return packet;
  }

  /** A picture, its large NAL units in fragments (RFC 6184 §5.8, RFC 7798 §4.4.3). */
  picture(codec: Codec, unit: AccessUnit, timestamp: number): Uint8Array[] {
    const payloads = unit.flatMap((nal) => (nal.length <= MAX_PAYLOAD ? [nal] : fragments(codec, nal)));
    return payloads.map((payload, at) => this.packet(payload, timestamp, at === payloads.length - 1));
  }
}

function fragments(codec: Codec, nal: Uint8Array): Uint8Array[] {
  const head = codec === "h264" ? 1 : 2;
  const type = codec === "h264" ? nal[0]! & 0x1f : (nal[0]! >> 1) & 0x3f;
  const before = codec === "h264" ? [(nal[0]! & 0xe0) | 28] : [(nal[0]! & 0x81) | (49 << 1), nal[1]!];
  const found: Uint8Array[] = [];
  for (let at = head; at < nal.length; at += MAX_PAYLOAD) {
    const piece = nal.subarray(at, at + MAX_PAYLOAD);
    const start = at === head ? 0x80 : 0;
    const end = at + MAX_PAYLOAD >= nal.length ? 0x40 : 0;
    found.push(new Uint8Array([...before, start | end | type, ...piece]));
  }
  return found;
}

/** RTP inside the RTSP connection (RFC 2326 §10.12). */
export function interleaved(channel: number, packet: Uint8Array): Uint8Array {
  const framed = new Uint8Array(4 + packet.length);
  framed.set([0x24, channel, packet.length >> 8, packet.length & 0xff]);
  framed.set(packet, 4);
  return framed;
}

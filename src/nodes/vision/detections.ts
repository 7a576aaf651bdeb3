import { isNumeric, replace, type StreamPacket, typeName } from "../../packet/index.ts";
import { type Box, CORNERS, isMap } from "../event_protocol.ts";

export type { Box };

/** One detection of a packet, read. */
export interface Seen {
  readonly box: Box;
  readonly confidence: number;
  /** What it is said to be: its `class_name`, else its `class_id` or `object_type` as text, else "". */
  readonly className: string;
  readonly track: number | string | undefined;
  /** As it stood in the packet, with whatever else a detector wrote. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/**
 * Detections read from one packet. Why 10,000: no picture shows as many objects, a model that went wrong can name
 * 100,000 in each frame, and what comes behind compares them with one another.
 */
export const MAX_DETECTIONS = 10_000;

/** Reads packets with detections for one node, and counts what it leaves out. */
export class DetectionReader {
  readonly #doing: string;
  #surplus = 0;
  #unusable = 0;

  /** `doing` starts the errors: `cannot <doing>: …`. */
  constructor(doing: string) {
    this.#doing = doing;
  }

  /**
   * The detections of a packet of kind `frame` or `detection`: a map with them in `detections`, a list of them, one
   * alone, or null for none. Throws a TypeError when it is something else; leaves out boxes that are no numbers.
   */
  read(packet: StreamPacket): Seen[] {
    const list = this.#list(packet.payload);
    const read = Math.min(list.length, MAX_DETECTIONS);
    this.#surplus += list.length - read;
    const seen: Seen[] = [];
    for (let at = 0; at < read; at++) {
      const one = this.#one(list[at], at);
      if (isUsable(one)) seen.push(one);
      else this.#unusable += 1;
    }
    return seen;
  }

  metrics() {
    return { detections_surplus_total: this.#surplus, detections_unusable_total: this.#unusable };
  }

  #list(payload: unknown): readonly unknown[] {
    if (Array.isArray(payload)) return payload;
    if (payload === null) return [];
    if (!isMap(payload)) {
      throw this.#wrong(`the payload must be a map with detections, a list of them or null, got ${typeName(payload)}`);
    }
    if (isAlone(payload)) return [payload];
    const { detections } = payload;
    if (Array.isArray(detections)) return detections;
    const got = detections === undefined ? "nothing: is there a detector before this node?" : typeName(detections);
    throw this.#wrong(`payload.detections must be a list, got ${got}`);
  }

  #one(raw: unknown, at: number): Seen {
    if (!isMap(raw)) throw this.#wrong(`detections[${at}] must be a map, got ${typeName(raw)}`);
    const { bbox, confidence, track_id } = raw;
    if (!isMap(bbox)) throw this.#wrong(`detections[${at}].bbox must be a map, got ${typeName(bbox)}`);
    for (const corner of CORNERS) {
      if (!isNumeric(bbox[corner])) throw this.#notNumber(`detections[${at}].bbox.${corner}`, bbox[corner]);
    }
    if (!isNumeric(confidence)) throw this.#notNumber(`detections[${at}].confidence`, confidence);
    const box = { x1: Number(bbox.x1), y1: Number(bbox.y1), x2: Number(bbox.x2), y2: Number(bbox.y2) };
    const track = isNumeric(track_id) ? Number(track_id) : typeof track_id === "string" ? track_id : undefined;
    return { box, confidence: Number(confidence), className: classOf(raw), track, raw };
  }

  #wrong = (fault: string) => new TypeError(`cannot ${this.#doing}: ${fault}`);
  #notNumber = (where: string, value: unknown) => this.#wrong(`${where} must be a number, got ${typeName(value)}`);
}

/** A detection that is the whole payload, as `mock_detector` makes them. */
const isAlone = (payload: Record<string, unknown>) => "bbox" in payload && !("detections" in payload);

const classOf = ({ class_name, class_id, object_type }: Record<string, unknown>): string =>
  String(class_name ?? class_id ?? object_type ?? "");

/** NaN from a model that overflowed would poison whatever is computed with it. */
const isUsable = ({ box: { x1, y1, x2, y2 }, confidence }: Seen) =>
  Number.isFinite(x1 + y1 + x2 + y2 + confidence) && x2 >= x1 && y2 >= y1;

/** The packet with other detections; pixels and everything else in it stay. */
export function withDetections(packet: StreamPacket, detections: readonly Record<string, unknown>[]): StreamPacket {
  const { payload } = packet;
  if (!isMap(payload)) return replace(packet, { payload: detections });
  return replace(packet, { payload: isAlone(payload) ? (detections[0] ?? null) : { ...payload, detections } });
}

/** The point of a box that stands for the object: its feet, or its middle. */
export const ANCHORS = ["bottom_center", "center"] as const;

export type Anchor = (typeof ANCHORS)[number];

export const anchorOf = ({ x1, y1, x2, y2 }: Box, anchor: Anchor) => ({
  x: (x1 + x2) / 2,
  y: anchor === "center" ? (y1 + y2) / 2 : y2,
});

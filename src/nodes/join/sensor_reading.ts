import { eventTimeMs, parseIsoMs, type StreamPacket } from "../../packet/index.ts";
import { isMap } from "../payload_path.ts";

/** What a sensor said once. */
export interface Reading {
  readonly sensorId: string;
  readonly sensorType: string;
  readonly timeMs: number;
  readonly ts: string;
  /** What it measured: the payload without id, type and time. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** How a reading is attached to an event. */
export type SensorValue = Readonly<Record<string, unknown>>;

export interface ReadingOptions {
  /** For readings that do not say theirs. */
  sensorType: string | undefined;
  /** What a time that cannot be read stands for; undefined when such a packet is refused. */
  now: (() => { timeMs: number; ts: string }) | undefined;
}

const IDS = ["sensor_id", "id", "topic"];
const TYPES = ["sensor_type", "type"];
const TIMES = ["sensor_ts", "source_ts", "ts"];

/** Reads a packet of a sensor as the predecessor did: the first field that says id, type or time counts. */
export function readReading(packet: StreamPacket, { sensorType, now }: ReadingOptions): Reading {
  const payload = isMap(packet.payload) ? packet.payload : { value: packet.payload };
  const { sensor_id: _, sensor_type: __, sensor_ts: ___, ...fields } = payload;
  return {
    sensorId: firstText(payload, IDS) ?? "sensor",
    sensorType: firstText(payload, TYPES) ?? sensorType ?? "sensor",
    ...timeOf(packet, payload, now),
    fields,
  };
}

function timeOf(packet: StreamPacket, payload: Record<string, unknown>, now: ReadingOptions["now"]) {
  const field = TIMES.find((name) => payload[name] !== undefined && payload[name] !== null);
  const ts = field === undefined ? packet.ts : payload[field];
  const timeMs = typeof ts === "string" ? parseIsoMs(ts) : Number.NaN;
  if (!Number.isNaN(timeMs)) return { timeMs, ts: ts as string };
  if (now !== undefined) return now();
  if (field === undefined) return { timeMs: eventTimeMs(packet), ts: packet.ts };
  throw new Error(
    `cannot read a sensor's time: payload.${field} must be ISO-8601 such as 2026-01-01T06:00:00Z, got ${JSON.stringify(ts)}`,
  );
}

function firstText(payload: Record<string, unknown>, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = payload[name];
    if (typeof value === "number" || (typeof value === "string" && value !== "")) return String(value);
  }
  return undefined;
}

export const sensorValue = ({ sensorId, sensorType, ts, fields }: Reading): SensorValue => ({
  sensor_id: sensorId,
  sensor_type: sensorType,
  sensor_ts: ts,
  ...fields,
});

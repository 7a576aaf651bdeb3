import * as v from "valibot";
import { isPacket, type StreamPacket, whyNotPacket } from "../../packet/index.ts";
import { type DeadEntry, entryCodec } from "../../store/index.ts";

const text = v.optional(v.string());

/** What `export` writes beside the packet; a line of another program may have none of it. */
const besides = v.object({
  key: v.optional(v.pipe(v.string(), v.minLength(1), v.maxBytes(1_024))),
  partition: text,
  node: text,
  port: text,
  error: text,
  stack: text,
  attempts: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  first_failed_at: text,
  last_failed_at: text,
});

/** A line of `import`: one that `export` wrote, or a packet. Whether it becomes a row or a letter is the caller's. */
export function readLine(at: number, line: string, nowMs: number): { letter: DeadEntry } | { fault: string } {
  try {
    return { letter: letterOf(JSON.parse(line), nowMs) };
  } catch (error) {
    return { fault: `line ${at}: ${(error as Error).message}` };
  }
}

function letterOf(value: unknown, nowMs: number): DeadEntry {
  const packet: unknown = typeof value === "object" && value !== null && "packet" in value ? value.packet : value;
  if (!isPacket(packet)) throw new Error(reason(value, packet));
  const given = v.parse(besides, packet === value ? {} : value);
  const { key, partition, node = "", port = "", error = "imported", stack = "", attempts = 0 } = given;
  // A packet from elsewhere is kept in order with those of its source, as an edge does unless told otherwise.
  const entry = entryCodec.encode(packet as StreamPacket, partition ?? packet.source_id);
  const lastFailedMs = timeOf(given.last_failed_at, nowMs);
  const firstFailedMs = timeOf(given.first_failed_at, lastFailedMs);
  return { ...entry, key: key ?? entry.key, node, port, error, stack, attempts, firstFailedMs, lastFailedMs };
}

function reason(value: unknown, packet: unknown): string {
  if (typeof value === "object" && value !== null && "unreadable" in value) {
    return "its packet could not be read when it was exported; mend it, as a packet";
  }
  return `it holds no packet: ${whyNotPacket(packet)}`;
}

const timeOf = (iso: string | undefined, otherwise: number) => {
  const ms = iso === undefined ? Number.NaN : Date.parse(iso);
  return Number.isNaN(ms) ? otherwise : ms;
};

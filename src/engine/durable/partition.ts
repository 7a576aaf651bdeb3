import type { StreamPacket } from "../../packet/index.ts";

/**
 * Reads what a durable edge keeps packets in order by: `source_id`, `kind`, or a path into meta or payload. A packet
 * without it belongs to the partition "", so such packets stay in order among themselves.
 */
export function partitionReader(path: string): (packet: StreamPacket) => string {
  if (path === "source_id") return (packet) => packet.source_id;
  if (path === "kind") return (packet) => packet.kind;
  const [root, ...keys] = path.split(".") as ["meta" | "payload", ...string[]];
  return (packet) => {
    let value: unknown = packet[root];
    for (const key of keys) {
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return "";
      value = (value as Record<string, unknown>)[key];
    }
    return typeof value === "object" ? "" : String(value ?? "");
  };
}

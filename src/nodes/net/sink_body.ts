import { gzipSync } from "node:zlib";
import type { StreamPacket } from "../../packet/index.ts";
import { filler } from "../fill_in.ts";
import { packetText } from "../packet_text.ts";
import type { SinkConfig } from "./sink_config.ts";

/** Below this gzip makes bodies longer. */
const MIN_GZIP_BYTES = 256;

/** The body of a packet as text. */
export function bodyText({ body, template, content_type, spacing }: SinkConfig): (packet: StreamPacket) => string {
  if (body !== "template") return packetText({ body, spacing, ensure_ascii: false });
  const isJson = /[/+]json\b/i.test(content_type);
  return filler(template!, (value) => {
    if (isJson) return JSON.stringify(value ?? null);
    return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "");
  });
}

/** The body of several packets. */
export function joinBodies(texts: readonly string[], format: "array" | "ndjson"): string {
  return format === "array" ? `[${texts.join(",")}]` : `${texts.join("\n")}\n`;
}

/** What is sent: the text, or its bytes packed when that is asked for and worth it. */
export function packBody(text: string, gzip: boolean): string | Uint8Array<ArrayBuffer> {
  return gzip && text.length >= MIN_GZIP_BYTES ? gzipSync(text) : text;
}

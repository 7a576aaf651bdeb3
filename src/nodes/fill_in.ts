import type { StreamPacket } from "../packet/index.ts";

type Part = string | readonly string[];

const PLACE = /\{\{\s*([^{}]*?)\s*\}\}/g;
const FIELDS = ["packet_id", "ts", "kind", "source_id", "payload", "meta"];

/** Text with places such as `{{payload.id}}` or `{{source_id}}`, cut into text and paths. */
export function cutTemplate(template: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of template.matchAll(PLACE)) {
    parts.push(template.slice(at, match.index), match[1]!.split("."));
    at = match.index + match[0].length;
  }
  return [...parts, template.slice(at)].filter((part) => part !== "");
}

/** What is wrong with the places of a template; undefined when nothing is. */
export function templateFault(template: string): string | undefined {
  for (const part of cutTemplate(template)) {
    if (typeof part === "string") {
      if (part.includes("{{") || part.includes("}}")) return `a place must be written {{payload.key}}`;
      continue;
    }
    const [field = "", ...keys] = part;
    const known = FIELDS.includes(field) && (keys.length === 0 || field === "payload" || field === "meta");
    if (!known || keys.includes("")) return `unknown place {{${part.join(".")}}}; there are ${FIELDS.join(", ")}`;
  }
  return undefined;
}

/** Fills the places in; `write` makes text of a value and throws when it has none. */
export function filler(template: string, write: (value: unknown, path: string) => string) {
  const parts = cutTemplate(template);
  return (packet: StreamPacket) =>
    parts.map((part) => (typeof part === "string" ? part : write(valueAt(packet, part), part.join(".")))).join("");
}

function valueAt(packet: StreamPacket, path: readonly string[]): unknown {
  let value: unknown = packet;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

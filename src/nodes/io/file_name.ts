import { didYouMean } from "../../base/suggest.ts";
import type { ConfigIssue } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";

type Part = string | { field: string; digits: number };

const FIELDS = ["seq", "packet_id", "source_id", "kind", "ts"] as const;
/** `{field}`, `{seq:06d}`, or a doubled brace that stands for itself. */
const PART = /\{\{|\}\}|\{([^{}]*)\}/g;

/** A template of file names, such as `{seq:06d}_{source_id}_{kind}.json`. */
export function parseTemplate(template: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of template.matchAll(PART)) {
    parts.push(template.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[1] === undefined) parts.push(match[0][0]!);
    else parts.push(placeholder(match[1]));
  }
  parts.push(template.slice(at));
  return parts.filter((part) => part !== "");
}

function placeholder(text: string): Part {
  const [, field = text, digits] = /^(seq):0?(\d{1,2})d?$/.exec(text) ?? [];
  return { field, digits: Number(digits ?? 0) };
}

/** What is wrong with the fields of a template, for validation. */
export function checkTemplate(template: string): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  for (const part of parseTemplate(template)) {
    if (typeof part === "string" || (FIELDS as readonly string[]).includes(part.field)) continue;
    const near = didYouMean(part.field, FIELDS);
    issues.push({
      path: ["filename_template"],
      message: `unknown field {${part.field}}; there are ${FIELDS.map((field) => `{${field}}`).join(" ")} and {seq:06d}`,
      ...(near === undefined ? {} : { hint: `did you mean {${near}}?` }),
    });
  }
  return issues;
}

/** The name for a packet; `encode` makes a field's value fit into a name. */
export function fileName(
  parts: readonly Part[],
  packet: StreamPacket,
  seq: number,
  encode: (value: string) => string,
): string {
  const value = ({ field, digits }: Exclude<Part, string>) => {
    if (field === "seq") return String(seq).padStart(digits, "0");
    const text = packet[field as "packet_id" | "source_id" | "kind" | "ts"];
    return encode(field === "ts" ? text.replaceAll(":", "-") : text);
  };
  return parts.map((part) => (typeof part === "string" ? part : value(part))).join("");
}

/** The first sequence number above those of the names a template made; 0 without one. */
export function nextSeq(parts: readonly Part[], names: readonly string[]): number {
  const source = parts.map((part) => {
    if (typeof part === "string") return RegExp.escape(part);
    return part.field === "seq" ? "(\\d+)" : ".*";
  });
  const pattern = new RegExp(`^${source.join("")}$`, "s");
  let next = 0;
  for (const name of names) {
    const seq = Number(pattern.exec(name)?.[1] ?? -1);
    if (Number.isSafeInteger(seq) && seq >= next) next = seq + 1;
  }
  return next;
}

/** Separators, what Windows forbids and control characters as `%2F`, so that no value leaves its folder. */
export function encodeSegment(value: string): string {
  return value.replace(
    /[\u0000-\u001f\u007f%/\\:*?"<>|]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

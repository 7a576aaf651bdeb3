/** A line longer than this is broken up into a block. */
const WIDTH = 100;

/** JSON-like data as readable YAML: what fits on a line stands on one, the rest in blocks. */
export function yamlText(value: unknown): string {
  // Through JSON: what is shared would become anchors, and undefined is left out.
  return `${block(JSON.parse(JSON.stringify(value, bytesAsText)), "").join("\n")}\n`;
}

/** YAML can hold bytes, and JSON cannot: they are marked on the way, with what no text begins with. */
const BYTES = "\0bytes ";
const bytesAsText = (_: string, value: unknown) =>
  value instanceof Uint8Array ? BYTES + Buffer.from(value).toString("base64") : value;

function block(value: unknown, indent: string): string[] {
  if (Array.isArray(value) && value.length > 0) return value.flatMap((item) => listItem(item, indent));
  if (isMap(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([name, item]) => entry(scalar(name), item, indent));
  }
  return [`${indent}${flow(value)}`];
}

function entry(name: string, value: unknown, indent: string): string[] {
  const line = `${indent}${name}: ${flow(value)}`;
  if (line.length <= WIDTH || !isNested(value)) return [line];
  return [`${indent}${name}:`, ...block(value, `${indent}  `)];
}

function listItem(value: unknown, indent: string): string[] {
  const line = `${indent}- ${flow(value)}`;
  if (line.length <= WIDTH || !isNested(value)) return [line];
  const [first, ...rest] = block(value, `${indent}  `);
  return [`${indent}- ${first!.trimStart()}`, ...rest];
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isNested = (value: unknown) => typeof value === "object" && value !== null && Object.keys(value).length > 0;

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (!isMap(value)) return scalar(value);
  const entries = Object.entries(value).map(([name, item]) => `${scalar(name)}: ${flow(item)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/** JSON's spelling of a text is YAML's, too; a plain one is easier to read where nothing can mistake it. */
function scalar(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  if (value.startsWith(BYTES)) return `!!binary ${JSON.stringify(value.slice(BYTES.length))}`;
  const plain = /^[A-Za-z_][\w .()/>=+*-]*$/.test(value) && !value.endsWith(" ") && !MEANS_ELSE.test(value);
  if (plain) return value;
  // Between single quotes nothing is escaped: right for one line with double quotes in it.
  return /^[^'\\\p{Cc}]*"[^'\\\p{Cc}]*$/u.test(value) ? `'${value}'` : JSON.stringify(value);
}

/** Read as something else than text by YAML 1.1 or 1.2. */
const MEANS_ELSE = /^(true|false|null|yes|no|on|off|y|n)$/i;

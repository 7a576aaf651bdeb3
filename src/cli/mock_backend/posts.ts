/** One fact that a post brought: which one, and where it stands in its series. */
export interface Fact {
  key: string;
  source: string | undefined;
  seq: number | undefined;
}

/**
 * The facts of a body: one, or one per item of a JSON array or line of x-ndjson. The header names a single one;
 * otherwise a packet's own key does, then `source/seq`, then the text itself.
 */
export function factsOf(body: string, contentType: string, key: string | null): Fact[] {
  const items = contentType.startsWith("application/x-ndjson")
    ? body.split("\n").filter(Boolean).map(parse)
    : parse(body);
  if (!Array.isArray(items)) return [factOf(items, body, key)];
  return items.map((item) => factOf(item, JSON.stringify(item), null));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Fields = Record<string, unknown>;

function factOf(item: unknown, text: string, header: string | null): Fact {
  const outer = mapOf(item);
  // A whole packet holds the series in its payload.
  const isPacket = "packet_id" in outer && "payload" in outer;
  const inner = isPacket ? mapOf(outer.payload) : outer;
  const source = [inner.source, inner.source_id, outer.source_id].find((value) => typeof value === "string");
  const seq = Number.isSafeInteger(inner.seq) ? (inner.seq as number) : undefined;
  const own = isPacket ? (mapOf(outer.meta).idempotency_key ?? outer.packet_id) : undefined;
  const series = seq === undefined ? undefined : `${source ?? ""}/${seq}`;
  return { key: String(header ?? own ?? series ?? text), source: source as string | undefined, seq };
}

const mapOf = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});

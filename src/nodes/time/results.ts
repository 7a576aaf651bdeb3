import type { NodeContext } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import type { Aggregates } from "./aggregates.ts";
import { keyName, keyValue } from "./key_text.ts";
import { timeText } from "./time_text.ts";

/** What a result says of its window. */
export interface Firing {
  /** Where its aggregates are. */
  slot: number;
  key: string;
  startMs: number;
  endMs: number;
  count: number;
  skipped: number;
  firing: number;
  final: boolean;
  /** Closed before its time, as the so many-th one; 0: not. */
  cut: number;
  /** In the place of start and end, where those do not tell windows apart. */
  number?: number | undefined;
}

/** Makes the packets that windows give. */
export class Results {
  readonly #context: NodeContext;
  readonly #aggregates: Aggregates;
  readonly #kind: string;

  constructor(context: NodeContext, aggregates: Aggregates, kind: string) {
    this.#context = context;
    this.#aggregates = aggregates;
    this.#kind = kind;
  }

  packet(of: Firing): StreamPacket {
    const start = timeText(of.startMs);
    const end = timeText(of.endMs);
    const payload: Record<string, unknown> = { key: keyValue(of.key), window: { start, end }, count: of.count };
    if (of.skipped > 0) payload.skipped = of.skipped;
    const inexact = this.#aggregates.write(of.slot, payload);
    if (inexact.length > 0) payload.approximate = inexact;
    payload.final = of.final;
    payload.firing = of.firing;
    if (of.cut > 0) payload.cut = true;
    const source_id = keyName(of.key);
    const window = of.number === undefined ? `${start}/${end}` : of.number;
    const cut = of.cut > 0 ? `/cut/${of.cut}` : "";
    const idempotency_key = `${this.#context.nodeId}/${source_id}/${window}/${of.firing}${cut}`;
    return this.#context.packet({ ts: end, kind: this.#kind, source_id, payload, meta: { idempotency_key } });
  }
}

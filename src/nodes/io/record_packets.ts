import type { NodeContext } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { isIsoTime } from "../iso_time.ts";

export type TimeFormat = "iso" | "unix_s" | "unix_ms" | "unix_us";

export interface RecordPacketsOptions {
  /** Where records come from, for reasons and errors: a path, or `standard input`. */
  origin: string;
  kind: string;
  ts_field?: string | undefined;
  ts_format: TimeFormat;
  source_id_field?: string | undefined;
  on_bad_record: "dead_letter" | "fail";
}

/** Enough of a bad record to recognise it; the file has the rest. */
const SHOWN_CHARS = 1_024;

/** Makes packets of records and sets bad ones aside. */
export class RecordPackets {
  readonly #options: RecordPacketsOptions;
  readonly #context: NodeContext;
  readonly #plain: boolean;
  #packets: StreamPacket[] = [];
  #records = 0;
  #rejected = 0;
  #seen = 0;
  #knownRecords = 0;
  #knownPackets = 0;

  constructor(options: RecordPacketsOptions, context: NodeContext) {
    this.#options = options;
    this.#context = context;
    this.#plain = options.ts_field === undefined && options.source_id_field === undefined;
  }

  /** Makes a packet of a record; one without a good time or source is rejected. */
  accept(payload: unknown, line: number): void {
    const { kind } = this.#options;
    if (this.#plain) this.add(this.#context.packet({ kind, payload, meta: { line } }));
    else this.#acceptFields(payload, line);
  }

  /** Records so far, good or bad. */
  get seen(): number {
    return this.#seen;
  }

  /** So many records, and so many packets behind them, were given out in an earlier run. */
  passOver(records: number, packets: number) {
    this.#knownRecords = records;
    this.#knownPackets = packets;
  }

  /** Adds a packet as it was read. */
  add(packet: StreamPacket): void {
    if (this.#isKnown(1)) return;
    this.#records += 1;
    this.#packets.push(packet);
  }

  readonly reject = (text: string, line: number, reason: string): void => {
    const { origin, on_bad_record } = this.#options;
    if (this.#isKnown(0)) return;
    this.#rejected += 1;
    const why = `${origin}:${line} ${reason}`;
    if (on_bad_record === "fail") {
      throw new Error(`node "${this.#context.nodeId}" stops at a bad record, as on_bad_record: fail asks: ${why}`);
    }
    this.#context.reject({ file: origin, line, text: text.slice(0, SHOWN_CHARS) }, why);
  };

  #isKnown(packets: 0 | 1): boolean {
    this.#seen += 1;
    if (this.#knownRecords > 0) {
      this.#knownRecords -= 1;
      return true;
    }
    if (this.#knownPackets === 0) return false;
    this.#knownPackets -= packets;
    return true;
  }

  /** The packets since the last call. */
  drain(): StreamPacket[] {
    const packets = this.#packets;
    this.#packets = [];
    return packets;
  }

  metrics() {
    return { records_total: this.#records, rejected_total: this.#rejected };
  }

  #acceptFields(payload: unknown, line: number) {
    const { kind, ts_field, ts_format, source_id_field } = this.#options;
    const record = (typeof payload === "object" && payload !== null ? payload : {}) as Record<string, unknown>;
    const fields: { ts?: string; source_id?: string } = {};
    const refuse = (reason: string) => this.reject(JSON.stringify(payload), line, reason);
    if (ts_field !== undefined) {
      const ts = TIMES[ts_format](record[ts_field]);
      if (ts === undefined) return refuse(noTime(ts_field, ts_format, record[ts_field]));
      fields.ts = ts;
    }
    if (source_id_field !== undefined) {
      const id = record[source_id_field];
      if ((typeof id !== "string" || id === "") && typeof id !== "number") {
        return refuse(`source_id_field "${source_id_field}" must be text or a number: it is ${show(id)}`);
      }
      fields.source_id = String(id);
    }
    this.add(this.#context.packet({ kind, payload, meta: { line }, ...fields }));
  }
}

const unix = (perMs: number) => (value: unknown) => {
  if (typeof value !== "number" && (typeof value !== "string" || !/^-?\d+(\.\d+)?$/.test(value))) return undefined;
  const date = new Date(Number(value) / perMs);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
};

const TIMES: Record<TimeFormat, (value: unknown) => string | undefined> = {
  iso: (value) => (isIsoTime(value) ? value : undefined),
  unix_s: unix(0.001),
  unix_ms: unix(1),
  unix_us: unix(1_000),
};

function noTime(field: string, format: TimeFormat, value: unknown) {
  const wanted = format === "iso" ? "an ISO-8601 time such as 2026-01-01T06:00:00Z" : `a number (${format})`;
  return `ts_field "${field}" must be ${wanted}: it is ${show(value)}`;
}

function show(value: unknown) {
  return value === undefined ? "missing" : (JSON.stringify(value) ?? String(value)).slice(0, 100);
}

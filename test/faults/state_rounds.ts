import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { entryCodec, openQueue } from "../../src/store/index.ts";
import { binary } from "../support/binary.ts";

/** The first half comes at once and the others within a second, so that kills hit work of either kind. */
const ROWS = 2_000;
const DRAIN_RATE = 1_000;
const SENSORS = 20;
/** One row every 100 ms of event time: four windows of a minute. */
const STEP_MS = 100;
const START_MS = Date.UTC(2026, 0, 1);
/** Rows that have been out alone in a crash are set aside after so many tries; 200 kills are no fault of a row. */
const MAX_ATTEMPTS = 1_000;

/** Where results arrive: by key, and the last word counts only if it is the first. */
export class Results {
  readonly byKey = new Map<string, string>();
  /** Results that came again and said something else. */
  readonly changed: string[] = [];
  #server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => this.#take(request) });

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/`;
  }

  /** Everything that came, in an order of its own; what came before is forgotten. */
  take(): string[] {
    const all = [...this.byKey].map(([key, body]) => `${key} ${body}`).sort();
    this.byKey.clear();
    return all;
  }

  async #take(request: Request): Promise<Response> {
    const key = request.headers.get("idempotency-key")!;
    const body = await request.text();
    const before = this.byKey.get(key);
    if (before !== undefined && before !== body) this.changed.push(`${key}: ${before}, then ${body}`);
    this.byKey.set(key, before ?? body);
    return new Response();
  }

  async [Symbol.asyncDispose]() {
    await this.#server.stop(true);
  }
}

/** A windowed graph whose input is a durable edge full of rows. */
export class WindowedGraph {
  readonly #folder: string;
  readonly #graph: string;

  /** `checkpoint` as the graph has it. */
  constructor(folder: string, url: string, checkpoint = "{ interval: 20ms }") {
    this.#folder = folder;
    this.#graph = path.join(folder, "sums.yaml");
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, "none.jsonl"), "");
    fs.writeFileSync(this.#graph, graphText(url, checkpoint));
  }

  /** Fills the queue that every round begins with. */
  async fill() {
    const file = path.join(this.#folder, "filled/sums/queues/in.out+sums.in.sqlite3");
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const queue = await openQueue(file, { clock: systemClock, onEvent: () => {}, ordered: true });
    await queue.enqueue(Array.from({ length: ROWS }, (_, at) => row(at)));
    await queue.close();
  }

  /** The state directory of a new round. */
  begin(): string {
    const state = path.join(this.#folder, randomUUID());
    fs.cpSync(path.join(this.#folder, "filled"), state, { recursive: true });
    return state;
  }

  /** Runs until its end, or until it is killed after `killMs`. True: that was its end. */
  async live(state: string, killMs: number | undefined): Promise<boolean> {
    const flags = ["run", this.#graph, "--state-dir", state, "--log-level", "warn"];
    const child = Bun.spawn([binary(), ...flags], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
    const timer = killMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killMs);
    const told = await new Response(child.stderr).text();
    await child.exited;
    clearTimeout(timer);
    if (child.signalCode === "SIGKILL") return false;
    if (child.exitCode !== 0 || /dead letter|set aside|dropped/.test(told)) {
      throw new Error(`the run ended with ${child.exitCode}: ${told}`);
    }
    return true;
  }
}

/** `in` has ended from the beginning: what comes is what the queue has. */
const graphText = (url: string, checkpoint: string) => `version: 2
name: sums
checkpoint: ${checkpoint}
event_time: { max_delay: 10s }
nodes:
  - { id: in, plugin: file_source, config: { path: none.jsonl, format: jsonl } }
  - id: sums
    plugin: window_aggregate
    config:
      window: { type: tumbling, size: 1m }
      aggregates:
        sum: { fn: sum, of: value }
        least: { fn: min, of: value }
        p90: { fn: percentile, of: value, p: 90 }
        last: { fn: last, of: value }
  - { id: out, plugin: http_sink, config: { url: "${url}" }, runtime: { concurrency: 16 } }
edges:
  - { from: in, to: sums, durable: { drain_rate: ${DRAIN_RATE}, max_attempts: ${MAX_ATTEMPTS} } }
  - { from: sums, to: out, durable: { max_attempts: ${MAX_ATTEMPTS} } }
`;

function row(i: number) {
  const source_id = `sensor${i % SENSORS}`;
  const ts = new Date(START_MS + i * STEP_MS).toISOString();
  const meta = { idempotency_key: `row${i}` };
  const payload = { value: (i * 7_919) % 1_000 };
  const packet = { packet_id: `row${i}`, ts, kind: "sensor", source_id, payload, meta };
  return { ...entryCodec.encode(packet), partition: source_id };
}

import * as fs from "node:fs";
import * as path from "node:path";
import { type Running, start } from "./running.ts";

/** A webhook, a durable edge and a file: what comes in, and what came out of it. */
export const webhookGraph = ({ hook = "", durable = "{}", sink = "" } = {}) => `version: 2
name: yard
nodes:
  - { id: hook, plugin: http_source, config: { listen: "127.0.0.1:0", ${hook} } }
  - { id: out, plugin: jsonl_sink, config: { path: out.jsonl, body: payload, flush_ms: 0 }${sink} }
edges: [{ from: hook, to: out, durable: ${durable} }]
`;
/** Below the state directory. */
export const WEBHOOK_QUEUE = "yard/queues/hook.out+out.in.sqlite3";

export interface Posted {
  status: number;
  retryAfter: string | null;
  text: string;
}

export interface Webhook {
  program: Running;
  port: number;
  /** `/readyz` of the run. */
  ready(): Promise<{ status: number; text: string }>;
  /** Posts `{"i": i}`; status 0 when the connection broke. */
  post(i: number, headers?: Record<string, string>): Promise<Posted>;
  /** Posts `body` as it is. */
  postBody(body: string, headers?: Record<string, string>): Promise<Posted>;
  /** SIGTERM, and the report of the run. */
  stop(): Promise<{ code: number; stderr: string; report: Report }>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What the tests look at. */
// biome-ignore lint/suspicious/noExplicitAny: the report's own schema is tested elsewhere.
export type Report = any;

export interface WebhookOptions {
  env?: Record<string, string>;
  /** Stands before the binary: strace, prlimit. */
  before?: readonly string[];
  /** Where the state directory is; `state` of the folder unless given. */
  state?: string;
  flags?: readonly string[];
}

/** Runs `g.yaml` of the folder until both its servers listen. */
export async function startWebhook(
  cwd: string,
  { state = "state", flags = [], ...rest }: WebhookOptions = {},
): Promise<Webhook> {
  const args = ["run", "g.yaml", "--state-dir", state, "--report-json", "--http", "127.0.0.1:0", ...flags];
  const program = start(args, { cwd, ...rest });
  const [, port] = await program.saw(/takes packets over HTTP url=http:\/\/127\.0\.0\.1:(\d+)/);
  const [, health] = await program.saw(/http server listens url=http:\/\/127\.0\.0\.1:(\d+)/);
  const postBody = async (body: string, headers: Record<string, string> = {}): Promise<Posted> => {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        method: "POST",
        body,
        headers: { "content-type": "application/json", ...headers },
      });
      return { status: response.status, retryAfter: response.headers.get("retry-after"), text: await response.text() };
    } catch {
      return { status: 0, retryAfter: null, text: "" };
    }
  };
  return {
    program,
    port: Number(port),
    postBody,
    post: (i, headers) => postBody(JSON.stringify({ i }), { "idempotency-key": `k${i}`, ...headers }),
    async ready() {
      const response = await fetch(`http://127.0.0.1:${health}/readyz`);
      return { status: response.status, text: await response.text() };
    },
    async stop() {
      const { code, stdout, stderr } = await program.stop();
      const last = stdout.trimEnd().split("\n").at(-1)!;
      if (last === "") throw new Error(`it ended with ${code} and without a report:\n${stderr}`);
      return { code, stderr, report: JSON.parse(last) };
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

/** The `i` of every line that came out, in order; a line that is still being written is left out. */
export function cameOut(cwd: string, file = "out.jsonl"): number[] {
  const target = path.join(cwd, file);
  if (!fs.existsSync(target)) return [];
  const lines = fs.readFileSync(target, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line).i);
}

/** Asks until it is so: another process works in its own time. Throws after `limitMs`. */
export async function until(isSo: () => boolean | Promise<boolean>, limitMs = 20_000): Promise<void> {
  const startedMs = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startedMs > limitMs) throw new Error(`it did not become so within ${limitMs} ms: ${isSo}`);
    await Bun.sleep(20);
  }
}

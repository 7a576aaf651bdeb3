import type { NodeContext } from "../../node/index.ts";
import type { Answer } from "../script/shape.ts";

/** A request that a node made. */
export interface Requested {
  readonly atMs: number;
  readonly node: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What it got; undefined: no answer was there, or nobody. */
  readonly status: number | undefined;
}

/** Names lead here (RFC 5737: for documentation), so that nothing is ever asked on a real network. */
const ADDRESS = "203.0.113.1";
/** Requests of one case that are kept. */
const MAX_REQUESTS = 100_000;

interface Prepared {
  readonly answer: Answer;
  readonly pattern: RegExp;
  left: number;
}

/** HTTP as a test file says: its answers, and a clear refusal for everything else. */
export class CannedNetwork {
  readonly requests: Requested[] = [];
  readonly #answers: Prepared[];
  readonly #down: (node: string) => boolean;
  readonly #nowMs: () => number;

  constructor(answers: readonly Answer[], { down, nowMs }: { down(node: string): boolean; nowMs(): number }) {
    this.#answers = answers.map((answer) => ({
      answer,
      pattern: patternOf(answer.url),
      left: answer.times ?? Number.POSITIVE_INFINITY,
    }));
    this.#down = down;
    this.#nowMs = nowMs;
  }

  readonly resolve = async () => [ADDRESS];

  fetchOf(node: string): NodeContext["fetch"] {
    const ask = async (input: string | URL | Request, init?: RequestInit) => {
      const request = new Request(input as string, init);
      return this.#answer(node, request, await bodyOf(request));
    };
    return ask as NodeContext["fetch"];
  }

  #answer(node: string, request: Request, body: string): Response {
    const { method } = request;
    const headers = Object.fromEntries(request.headers);
    const at = new URL(request.url);
    const url = `${at.protocol}//${headers.host ?? at.host}${at.pathname}${at.search}`;
    const fits = ({ answer, pattern, left }: Prepared) =>
      left > 0 && pattern.test(url) && (answer.method ?? method).toUpperCase() === method;
    const found = this.#down(node) ? undefined : this.#answers.find(fits);
    const status = found?.answer.status;
    if (this.requests.length < MAX_REQUESTS) {
      this.requests.push({ atMs: this.#nowMs(), node, method, url, headers, body, status });
    }
    if (this.#down(node)) throw refused();
    if (found === undefined) throw unanswered(method, url);
    found.left -= 1;
    return responseOf(found.answer);
  }
}

function responseOf({ status, headers = {}, body, json }: Answer): Response {
  const bare = status === 204 || status === 304 || status < 200;
  const text = json === undefined ? (body ?? "") : JSON.stringify(json);
  const type = json === undefined ? {} : { "content-type": "application/json" };
  return new Response(bare ? null : text, { status: Math.max(200, status), headers: { ...type, ...headers } });
}

/** As the runtime says it of a port where nobody listens. */
const refused = () =>
  Object.assign(new Error("Unable to connect. Is the computer able to access the url?"), { code: "ConnectionRefused" });

const unanswered = (method: string, url: string) =>
  new Error(
    `a test reaches no network: nothing answers ${method} ${url}; add { url: "${url}" } to network: in the test file, or replace the node`,
  );

async function bodyOf(request: Request): Promise<string> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  const packed = request.headers.get("content-encoding") === "gzip";
  return new TextDecoder().decode(packed ? Bun.gunzipSync(bytes) : bytes);
}

const patternOf = (glob: string) => new RegExp(`^${glob.replace(/[\\^$.|?+()[\]{}]/g, "\\$&").replaceAll("*", ".*")}$`);

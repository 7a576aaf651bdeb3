import { durationMs } from "../../base/duration.ts";
import { type NodeContext, Unavailable } from "../../node/index.ts";
import { checkPortable, type StreamPacket } from "../../packet/index.ts";
import { type Deadline, Deadlines } from "../deadlines.ts";
import { egress } from "../egress.ts";
import { addressPath, sampleUrl } from "../http_address.ts";
import { answerError } from "../http_answer.ts";
import { Endpoint } from "../http_endpoint.ts";
import { readStart } from "../read_answer.ts";
import type { Asked } from "./lookup.ts";
import type { HttpConfig } from "./lookup_config.ts";

/** There is nothing of that name, or no longer. */
const NOTHING = new Set([404, 410]);
/** Of a refusal's body this much is read. */
const REFUSAL_BYTES = 1_024;

/** Asks a server, by GET. The address that was checked is the one connected to, and redirects are not followed. */
export class HttpLookup implements Asked {
  readonly #config: HttpConfig;
  readonly #context: NodeContext;
  readonly #endpoint: Endpoint;
  readonly #deadlines: Deadlines;
  readonly #pathOf: (packet: StreamPacket) => string;
  readonly #headers: Record<string, string>;

  constructor(config: HttpConfig, context: NodeContext) {
    this.#config = config;
    this.#context = context;
    this.#endpoint = new Endpoint(sampleUrl(config.url), egress(config.egress?.allow), context);
    this.#deadlines = new Deadlines(context.clock, durationMs(config.timeout));
    this.#pathOf = addressPath(config.url);
    const { hostHeader } = this.#endpoint;
    const own = { "user-agent": "schnitzel", accept: "application/json", "accept-encoding": "identity" };
    this.#headers = { ...own, ...config.headers, ...(hostHeader && { host: hostHeader }) };
  }

  key(packet: StreamPacket): string {
    return this.#pathOf(packet);
  }

  async ask(packet: StreamPacket): Promise<unknown> {
    const path = this.#pathOf(packet);
    // Begun here: a resolver that does not answer takes its time, too.
    const deadline = this.#deadlines.begin();
    let origin: string | undefined;
    try {
      origin = await this.#origin(deadline);
      const { isTls, hostname } = this.#endpoint;
      const response = await this.#context.fetch(origin + path, {
        headers: this.#headers,
        redirect: "manual",
        decompress: false,
        signal: deadline.abort.signal,
        ...(isTls && { tls: { serverName: hostname } }),
      } as BunFetchRequestInit);
      return await this.#row(response, path);
    } catch (error) {
      // Another address of the same name is asked next time.
      if (origin !== undefined && (error as NodeJS.ErrnoException).code === "ECONNREFUSED")
        this.#endpoint.avoid(origin);
      throw this.#unreachable(error as NodeJS.ErrnoException, deadline, path);
    } finally {
      this.#deadlines.end(deadline);
    }
  }

  close() {
    this.#deadlines.close();
  }

  async #origin({ abort }: Deadline): Promise<string> {
    const known = this.#endpoint.addresses();
    if (!(known instanceof Promise)) return known[0]!;
    let stop = () => {};
    const late = new Promise<never>((_, reject) => {
      stop = () => reject(new DOMException("aborted", "AbortError"));
      abort.signal.addEventListener("abort", stop, { once: true });
    });
    try {
      return (await Promise.race([known, late]))[0]!;
    } finally {
      // Deadlines are used again and again.
      abort.signal.removeEventListener("abort", stop);
    }
  }

  async #row(response: Response, path: string): Promise<unknown> {
    const { max_response_bytes } = this.#config;
    const text = await readStart(response, response.ok ? max_response_bytes + 1 : REFUSAL_BYTES);
    if (NOTHING.has(response.status)) return undefined;
    const refusal = answerError(response, text, this.#action(path), this.#context.clock.nowMs());
    if (refusal !== undefined) throw refusal;
    if (Buffer.byteLength(text) > max_response_bytes) {
      throw new Error(`${this.#action(path)}: the answer has more than max_response_bytes, ${max_response_bytes}`);
    }
    return this.#parsed(text, path);
  }

  #parsed(text: string, path: string): unknown {
    try {
      const row: unknown = JSON.parse(text);
      // JSON.parse takes any depth, and whoever writes such a value again runs out of stack.
      checkPortable(row, "the answer");
      return row ?? undefined;
    } catch {
      throw new Error(
        `${this.#action(path)}: the answer is not JSON, or nested too deep: ${JSON.stringify(text.slice(0, 80))}`,
      );
    }
  }

  #unreachable(error: NodeJS.ErrnoException, { abort, late }: Deadline, path: string): Error {
    if (!abort.signal.aborted && typeof error.code !== "string") return error;
    const timeout = late ? `no answer within ${this.#config.timeout}` : "the run has ended";
    const fact = abort.signal.aborted ? timeout : String(error.code);
    return new Unavailable(`${this.#action(path)}: ${fact}`, { cause: error });
  }

  /** Without the query, which may hold a token. */
  #action(path: string): string {
    return `cannot look up at ${this.#endpoint.origin}${path.split("?")[0]!.slice(0, 200)}`;
  }
}

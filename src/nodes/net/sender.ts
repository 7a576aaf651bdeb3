import { type NodeContext, Unavailable } from "../../node/index.ts";
import { type Deadline, Deadlines } from "../deadlines.ts";
import { egress } from "../egress.ts";
import { sampleUrl } from "../http_address.ts";
import { answerError } from "../http_answer.ts";
import { Endpoint } from "../http_endpoint.ts";
import { isShort, readStart } from "../read_answer.ts";
import { pemText } from "./pem.ts";
import { packBody } from "./sink_body.ts";
import type { SinkConfig } from "./sink_config.ts";
import { sinkHeaders } from "./sink_headers.ts";

/**
 * Statuses that every packet gets when a token has run out or a server is set up anew: nothing is wrong with the
 * packets, and a backlog that was acknowledged must not become dead letters, of which only the latest are kept.
 */
const HELD: ReadonlyMap<number, string> = new Map([
  [401, "as long as it does, packets are held: are the credentials right?"],
  [403, "as long as it does, packets are held: are the credentials right, and may they send there?"],
  [404, "as long as it does, packets are held: is the address right?"],
]);

/** One request of a sink. */
export interface Outgoing {
  /** Path and query. */
  path: string;
  body: string;
  /** The idempotency key as its header has it; undefined sends none. */
  key: string | undefined;
}

/** Sends requests to one server, each once. */
export class Sender {
  readonly endpoint: Endpoint;
  readonly #config: SinkConfig;
  readonly #context: NodeContext;
  readonly #headers: Readonly<Record<string, string>>;
  /** Never shown, also where the server repeats it. */
  readonly #secrets: readonly string[];
  readonly #deadlines: Deadlines;
  /** The same for every request. */
  readonly #init: BunFetchRequestInit;
  requests = 0;
  sentBytes = 0;

  constructor(config: SinkConfig, context: NodeContext) {
    this.#config = config;
    this.#context = context;
    this.endpoint = new Endpoint(sampleUrl(config.url), egress(config.egress?.allow), context);
    const { headers, secrets } = sinkHeaders(config, this.endpoint.hostHeader);
    this.#headers = headers;
    this.#secrets = secrets;
    this.#deadlines = new Deadlines(context.clock, config.timeout_ms);
    const tls = this.#tls(config);
    // Packed answers stay packed: a small one could become a very long one.
    this.#init = { method: config.method, redirect: "manual", decompress: false, ...(tls && { tls }) };
  }

  /** Resolves when the server has taken it; rejects with what `src/node/failure.ts` has, or an Error. */
  send(outgoing: Outgoing): Promise<void> {
    const known = this.endpoint.addresses();
    if (known instanceof Promise) return known.then((origins) => this.#sendToAny(origins, outgoing));
    return known.length === 1 ? this.#attempt(known[0]!, outgoing) : this.#sendToAny(known, outgoing);
  }

  close() {
    this.#deadlines.close();
  }

  async #sendToAny(origins: readonly string[], outgoing: Outgoing): Promise<void> {
    for (let at = 0; ; at++) {
      const origin = origins[at]!;
      try {
        return await this.#attempt(origin, outgoing);
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        this.endpoint.avoid(origin);
        // Nothing was sent there, so it is still the same try.
        if (!error.refused || at + 1 >= origins.length) throw error;
      }
    }
  }

  async #attempt(origin: string, { path, body, key }: Outgoing): Promise<void> {
    const { idempotency_header, gzip, max_response_bytes } = this.#config;
    const headers: Record<string, string> = { ...this.#headers };
    if (key !== undefined) headers[idempotency_header] = key;
    const sent = packBody(body, gzip);
    if (typeof sent !== "string") headers["content-encoding"] = "gzip";
    this.requests += 1;
    this.sentBytes += sent.length;
    const deadline = this.#deadlines.begin();
    try {
      const { signal } = deadline.abort;
      const response = await this.#context.fetch(origin + path, { ...this.#init, headers, body: sent, signal });
      const text = await (isShort(response, max_response_bytes)
        ? response.text()
        : readStart(response, max_response_bytes));
      if (!response.ok) throw this.#refusal(response, text, path);
    } catch (error) {
      throw this.#unreachable(error as NodeJS.ErrnoException, deadline, path);
    } finally {
      this.#deadlines.end(deadline);
    }
  }

  #refusal(response: Response, text: string, path: string): Error {
    const shown = this.#secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
    return answerError(response, shown, this.#action(path), this.#context.clock.nowMs(), HELD)!;
  }

  /** What the request itself threw; an answer's error has its class already. */
  #unreachable(error: NodeJS.ErrnoException, { abort, late }: Deadline, path: string): Error {
    const { code } = error;
    if (!abort.signal.aborted && typeof code !== "string") return error;
    const timeout = `no answer within ${this.#config.timeout_ms} ms`;
    const fact = abort.signal.aborted ? (late ? timeout : "the run has ended") : (FACTS[code!] ?? code);
    return new Unreachable(`${this.#action(path)}: ${fact}`, error);
  }

  /** Without the query, which may hold a token. */
  #action(path: string): string {
    const [plain = ""] = path.split("?");
    return `cannot ${this.#config.method} to ${this.endpoint.origin}${plain.slice(0, 200)}`;
  }

  #tls({ tls = {} }: SinkConfig): Record<string, string> | undefined {
    if (!this.endpoint.isTls) return undefined;
    const given = Object.entries(tls).map(([name, value]) => [name, pemText(value, this.#context.files)]);
    return { ...Object.fromEntries(given), serverName: this.endpoint.hostname };
  }
}

/** There was no whole answer. */
class Unreachable extends Unavailable {
  /** Not even a connection. */
  readonly refused: boolean;

  constructor(message: string, cause: NodeJS.ErrnoException) {
    super(message, { cause });
    this.refused = cause.code === "ECONNREFUSED";
  }
}

const UNKNOWN_SIGNER = "the server's certificate was signed by nobody known: name its authority in tls.ca";

const FACTS: Record<string, string> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was closed before the whole answer was there",
  EPROTO: "the TLS handshake failed: does that port speak TLS, and does it want a certificate?",
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another name",
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_SIGNER,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_SIGNER,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_SIGNER,
  CERT_HAS_EXPIRED: "the server's certificate has expired",
};

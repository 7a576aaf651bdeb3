import { type NodeContext, Unavailable } from "../../node/index.ts";
import { answerError } from "./answer.ts";
import { egress } from "./egress.ts";
import { Endpoint } from "./endpoint.ts";
import { pemText } from "./pem.ts";
import { sampleUrl } from "./sink_address.ts";
import { packBody } from "./sink_body.ts";
import type { SinkConfig } from "./sink_config.ts";

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
  readonly #tls: Record<string, string> | undefined;
  /** Never shown, also where the server repeats it. */
  readonly #secrets: readonly string[];
  readonly #underWay = new Set<AbortController>();
  requests = 0;
  sentBytes = 0;

  constructor(config: SinkConfig, context: NodeContext) {
    this.#config = config;
    this.#context = context;
    this.endpoint = new Endpoint(sampleUrl(config.url), egress(config.egress?.allow), context);
    const credentials = credentialsOf(config);
    this.#headers = { ...headersOf(config), ...credentials, host: this.endpoint.hostHeader };
    this.#secrets = secretsOf(config, credentials);
    this.#tls = this.#tlsOf(config);
  }

  /** Resolves when the server has taken it; rejects with what `src/node/failure.ts` has, or an Error. */
  async send(outgoing: Outgoing): Promise<void> {
    const known = this.endpoint.addresses();
    const origins = Array.isArray(known) ? (known as readonly string[]) : await known;
    for (const [at, origin] of origins.entries()) {
      try {
        return await this.#attempt(origin, outgoing);
      } catch (error) {
        const refused = error instanceof Unavailable && (error.cause as NodeJS.ErrnoException)?.code === "ECONNREFUSED";
        if (error instanceof Unavailable && error.cause !== undefined) this.endpoint.avoid(origin);
        // Nothing was sent there, so it is still the same try.
        if (!refused || at === origins.length - 1) throw error;
      }
    }
  }

  close() {
    for (const abort of this.#underWay) abort.abort();
  }

  async #attempt(origin: string, { path, body, key }: Outgoing): Promise<void> {
    const { method, gzip, idempotency_header, timeout_ms } = this.#config;
    const { clock, fetch } = this.#context;
    const headers: Record<string, string> = { ...this.#headers };
    if (key !== undefined) headers[idempotency_header] = key;
    const sent = packBody(body, gzip);
    if (typeof sent !== "string") headers["content-encoding"] = "gzip";
    const abort = new AbortController();
    this.#underWay.add(abort);
    let late = false;
    const cancel = clock.setTimer(() => {
      late = true;
      abort.abort();
    }, timeout_ms);
    this.requests += 1;
    this.sentBytes += sent.length;
    try {
      const response = await fetch(origin + path, {
        method,
        headers,
        body: sent,
        redirect: "manual",
        signal: abort.signal,
        decompress: false,
        ...(this.#tls === undefined ? {} : { tls: this.#tls }),
      });
      const text = await this.#read(response);
      const error = answerError(response, text, this.#action(path), clock.nowMs());
      if (error !== undefined) throw error;
    } catch (error) {
      // What the request itself threw; an answer's error has its class already.
      if (abort.signal.aborted)
        throw this.#unreachable(new Error(late ? `no answer within ${timeout_ms} ms` : "the run has ended"), path);
      if (typeof (error as { code?: unknown }).code === "string")
        throw this.#unreachable(error as NodeJS.ErrnoException, path);
      throw error;
    } finally {
      cancel();
      this.#underWay.delete(abort);
    }
  }

  /** The body is always read or cancelled: otherwise its connection is never used again. */
  async #read(response: Response): Promise<string> {
    const { max_response_bytes } = this.#config;
    const length = response.headers.get("content-length");
    if (length !== null && Number(length) <= max_response_bytes) return this.#shown(await response.text());
    if (response.body === null) return "";
    const reader = response.body.getReader();
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for (;;) {
      const step = await reader.read();
      if (step.done) break;
      chunks.push(step.value);
      bytes += step.value.length;
      if (bytes > max_response_bytes) {
        await reader.cancel();
        break;
      }
    }
    return this.#shown(Buffer.concat(chunks).toString("utf8"));
  }

  #action(path: string): string {
    return `cannot ${this.#config.method} to ${this.endpoint.origin}${path.replace(/\?.*$/s, "").slice(0, 200)}`;
  }

  #shown(text: string): string {
    return this.#secrets.reduce((shown, secret) => shown.replaceAll(secret, "***"), text);
  }

  #unreachable(error: NodeJS.ErrnoException, path: string): Unavailable {
    const fact = FACTS[error.code ?? ""] ?? error.code ?? error.message;
    return new Unavailable(`${this.#action(path)}: ${fact}`, { cause: error });
  }

  #tlsOf({ tls = {} }: SinkConfig): Record<string, string> | undefined {
    if (!this.endpoint.isTls) return undefined;
    const given = Object.entries(tls).map(([name, value]) => [name, pemText(value, this.#context.files)]);
    return { ...Object.fromEntries(given), serverName: this.endpoint.hostname };
  }
}

const FACTS: Record<string, string> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was closed before the whole answer was there",
  ENOTFOUND: "the name cannot be resolved",
  EPROTO: "the TLS handshake failed: does that port speak TLS, and does it want a certificate?",
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another name",
  SELF_SIGNED_CERT_IN_CHAIN: "the server's certificate was signed by nobody known: name its authority in tls.ca",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the server's certificate was signed by nobody known: name its authority in tls.ca",
  CERT_HAS_EXPIRED: "the server's certificate has expired",
};

function headersOf({ headers, content_type, batch }: SinkConfig): Record<string, string> {
  const type = batch?.format === "ndjson" ? "application/x-ndjson" : content_type;
  const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { "content-type": type, "user-agent": "schnitzel", accept: "*/*", ...own };
}

function credentialsOf({ auth }: SinkConfig): Record<string, string> {
  if (auth === undefined) return {};
  if ("bearer" in auth) return { authorization: `Bearer ${auth.bearer}` };
  const { user, password } = auth.basic;
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}

function secretsOf({ auth, headers }: SinkConfig, credentials: Record<string, string>): string[] {
  const fromAuth = auth === undefined ? [] : "bearer" in auth ? [auth.bearer] : [auth.basic.password];
  const all = [
    ...fromAuth,
    ...Object.values(credentials).map((value) => value.split(" ")[1]!),
    ...Object.values(headers),
  ];
  // A shorter one would blank ordinary words.
  return all.filter((secret) => secret.length >= 8);
}

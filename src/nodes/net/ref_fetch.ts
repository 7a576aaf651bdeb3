import { isIP } from "node:net";
import { type NodeContext, Rejected, Unavailable } from "../../node/index.ts";
import { type Deadline, Deadlines } from "../deadlines.ts";
import { type Egress, egress } from "../egress.ts";
import { answerError } from "../http_answer.ts";

export interface RefFetchOptions {
  /** Hosts, `host:port`, addresses or networks; nothing else is asked. */
  allow: readonly string[];
  timeoutMs: number;
  maxBytes: number;
}

/** Of a refusal's body this much is read. */
const REFUSAL_BYTES = 1_024;

/**
 * Gets bytes by HTTP from where a packet says, which may be anybody's word: only listed hosts, no redirects, and the
 * address that was checked is the one connected to.
 */
export class RefFetch {
  readonly #context: NodeContext;
  readonly #options: RefFetchOptions;
  readonly #egress: Egress;
  readonly #deadlines: Deadlines;

  constructor(context: NodeContext, options: RefFetchOptions) {
    this.#context = context;
    this.#options = options;
    this.#egress = egress(options.allow);
    this.#deadlines = new Deadlines(context.clock, options.timeoutMs);
  }

  async get(uri: string): Promise<Uint8Array> {
    const url = readUrl(uri);
    const origin = await this.#origin(url);
    const deadline = this.#deadlines.begin();
    try {
      const response = await this.#context.fetch(origin + url.pathname + url.search, {
        headers: { host: url.host, "user-agent": "schnitzel", accept: "*/*", "accept-encoding": "identity" },
        redirect: "manual",
        decompress: false,
        signal: deadline.abort.signal,
        ...(url.protocol === "https:" ? { tls: { serverName: hostOf(url) } } : {}),
      } as BunFetchRequestInit);
      return await this.#body(response, url);
    } catch (error) {
      throw this.#unreachable(error as NodeJS.ErrnoException, deadline, url);
    } finally {
      this.#deadlines.end(deadline);
    }
  }

  close() {
    this.#deadlines.close();
  }

  /** Scheme, address and port to connect to. */
  async #origin(url: URL): Promise<string> {
    const host = hostOf(url);
    const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
    const found = isIP(host) ? [host] : await this.#resolve(host);
    const address = found.find((one) => this.#egress(host, port, one));
    if (address === undefined) {
      throw new Rejected(
        `cannot get ${shown(url)}: http.allow has none of its addresses (${found.slice(0, 4).join(", ")}); list the host, or its address when that is a link-local one`,
      );
    }
    return `${url.protocol}//${isIP(address) === 6 ? `[${address}]` : address}:${port}`;
  }

  async #resolve(host: string): Promise<readonly string[]> {
    try {
      return await this.#context.resolve(host);
    } catch (error) {
      throw new Unavailable(`cannot find ${host}: its name cannot be resolved`, { cause: error });
    }
  }

  async #body(response: Response, url: URL): Promise<Uint8Array> {
    const { maxBytes } = this.#options;
    const bytes = await readUpTo(response, response.ok ? maxBytes : REFUSAL_BYTES);
    const said = new TextDecoder().decode(bytes.subarray(0, REFUSAL_BYTES));
    const refusal = answerError(response, said, `cannot get ${shown(url)}`, this.#context.clock.nowMs());
    if (refusal !== undefined) throw refusal;
    if (bytes.length <= maxBytes) return bytes;
    throw new Rejected(`cannot get ${shown(url)}: it has more than max_bytes, which is ${maxBytes}`);
  }

  #unreachable(error: NodeJS.ErrnoException, { abort, late }: Deadline, url: URL): Error {
    if (!abort.signal.aborted && typeof error.code !== "string") return error;
    const timeout = late ? `no answer within ${this.#options.timeoutMs} ms` : "the run has ended";
    return new Unavailable(`cannot get ${shown(url)}: ${abort.signal.aborted ? timeout : error.code}`, {
      cause: error,
    });
  }
}

function readUrl(uri: string): URL {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new Rejected(`cannot get ${JSON.stringify(uri.slice(0, 200))}: it must be an http or https address`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new Rejected(`cannot get ${shown(url)}: credentials in the address of a reference are refused`);
  }
  return url;
}

/** Reads until it has more than `limit` bytes; the rest is cancelled, as a body left alone keeps its connection for ever. */
async function readUpTo({ body }: Response, limit: number): Promise<Uint8Array> {
  if (body === null) return new Uint8Array(0);
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    chunks.push(step.value);
    length += step.value.length;
    if (length <= limit) continue;
    await reader.cancel();
    break;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, "$1");
/** Without the query, which may hold a token. */
const shown = ({ origin, pathname }: URL): string => `${origin}${pathname}`.slice(0, 200);

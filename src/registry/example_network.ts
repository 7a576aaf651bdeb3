import type { Example, ExampleRequest, Peer, Resolve, Serve, ServeOptions } from "../node/index.ts";

/** A request that left a node and reached no server of this network. */
export interface Sent {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string;
}

export interface ExampleNetwork {
  fetch: typeof globalThis.fetch;
  serve: Serve;
  resolve: Resolve;
  /** Addresses of names; `localhost` is 127.0.0.1. */
  readonly names: Map<string, readonly string[]>;
  /** What reached {@link answer}, in order. */
  readonly sent: Sent[];
  /** Answers what no node of the test serves. Refuses the connection unless told otherwise. */
  answer(request: Request): Response | Promise<Response>;
  /** Sends a request to a server of this network, as a client outside would. */
  request(url: string, init?: RequestInit & { address?: string }): Promise<Response>;
  /** Resolves once a server listens at `host:port`. */
  listening(address: string): Promise<void>;
}

/** An HTTP network within this process: servers, clients and names, without sockets. For examples and tests. */
export function exampleNetwork(): ExampleNetwork {
  const servers = new Map<string, ServeOptions>();
  const waiters = new Map<string, (() => void)[]>();
  let nextPort = 40_000;
  const network: ExampleNetwork = {
    names: new Map([["localhost", ["127.0.0.1"]]]),
    sent: [],
    answer: () => Promise.reject(refused()),
    async resolve(name) {
      const addresses = network.names.get(name);
      if (addresses !== undefined) return addresses;
      throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: "ENOTFOUND" });
    },
    async serve(options) {
      const port = options.port === 0 ? nextPort++ : options.port;
      const address = addressOf(options.hostname, port);
      if (servers.has(address)) throw new Error(`cannot listen on ${address} as another program uses that port`);
      servers.set(address, options);
      for (const resume of waiters.get(address) ?? []) resume();
      return { port, stop: async () => void servers.delete(address) };
    },
    async request(url, { address = "127.0.0.1", ...init } = {}) {
      const request = new Request(url, init);
      if (!request.headers.has("host")) request.headers.set("host", new URL(url).host);
      const server = servers.get(new URL(url).host);
      if (server === undefined) throw refused();
      const peer: Peer = { address, takeTime() {} };
      return server.handle(withLength(request, init.body), peer);
    },
    fetch: (async (url: string, init: RequestInit) => {
      const { signal } = init;
      const aborted = new Promise<never>((_, reject) => {
        signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")), { once: true });
      });
      return Promise.race([aborted, send(url, init)]);
    }) as unknown as typeof fetch,
    listening: (address) =>
      servers.has(address)
        ? Promise.resolve()
        : new Promise((resume) => waiters.set(address, [...(waiters.get(address) ?? []), resume])),
  };
  async function send(url: string, { signal: _, ...init }: RequestInit): Promise<Response> {
    if (servers.has(new URL(url).host)) return network.request(url, init);
    const request = new Request(url, init);
    network.sent.push({
      url,
      method: request.method,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    });
    return network.answer(new Request(url, init));
  }
  return network;
}

/** Sends an example's requests one after the other, each once its server listens; gives the statuses they get. */
export async function askAll(requests: readonly ExampleRequest[], network: ExampleNetwork): Promise<number[]> {
  const statuses: number[] = [];
  for (const { url, headers = {}, body } of requests) {
    await network.listening(new URL(url).host);
    statuses.push((await network.request(url, { method: "POST", headers, body })).status);
  }
  return statuses;
}

/** What was sent, reduced to what the example says about each. */
export function sentAs({ posted = [] }: Example, sent: readonly Sent[]): NonNullable<Example["posted"]> {
  return sent.map(({ url, body, headers }, at) => {
    const wanted = posted[at]?.headers;
    if (wanted === undefined) return { url, body };
    return { url, body, headers: Object.fromEntries(Object.keys(wanted).map((name) => [name, headers[name] ?? ""])) };
  });
}

/** As `fetch` says it. */
export const refused = () => Object.assign(new TypeError("Unable to connect."), { code: "ECONNREFUSED" });

const addressOf = (hostname: string, port: number) => `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;

/** A client states the length of a body it has as a whole; one that streams does not. */
function withLength(request: Request, body: RequestInit["body"]): Request {
  if (body === undefined || body === null || body instanceof ReadableStream) return request;
  const length = typeof body === "string" ? Buffer.byteLength(body) : (body as Uint8Array).byteLength;
  if (!request.headers.has("content-length")) request.headers.set("content-length", String(length));
  return request;
}

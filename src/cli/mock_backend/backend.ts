import * as v from "valibot";
import { type Clock, sleep } from "../../base/clock.ts";
import type { HostPort } from "../../base/host_port.ts";
import type { Random } from "../../base/random.ts";
import {
  type Behaviour,
  CHANGE_FORM,
  type Change,
  changed,
  changeSchema,
  type Fate,
  fateOf,
  HEALTHY,
} from "./behaviour.ts";
import { Ledger } from "./ledger.ts";
import { Outages } from "./outages.ts";
import { factsOf } from "./posts.ts";
import type { Record } from "./record.ts";

export interface MockBackendOptions {
  listen: HostPort;
  clock: Clock;
  random: Random;
  record: Record;
}

/** Bodies beyond this are refused; no batch of a sink is near it. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** An HTTP server that takes posts, breaks as it is told, and counts. */
export class MockBackend {
  readonly ledger = new Ledger();
  readonly #options: MockBackendOptions;
  readonly #outages: Outages;
  #behaviour: Behaviour = HEALTHY;
  #server: Bun.Server<undefined> | undefined;
  #port: number;
  readonly #stopping = new AbortController();

  constructor(options: MockBackendOptions) {
    this.#options = options;
    this.#outages = new Outages(options.clock);
    this.#port = options.listen.port;
    this.#open();
  }

  get url(): string {
    const { hostname } = this.#options.listen;
    return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${this.#port}`;
  }

  stats() {
    return { ...this.ledger.stats(), ...this.#outages.stats(), behaviour: this.#behaviour };
  }

  change(change: Change) {
    const before = this.#behaviour;
    this.#behaviour = changed(before, change);
    this.#outages.changed(before, this.#behaviour);
    if (this.#behaviour.mode === "refuse") this.#close();
    else if (this.#server === undefined) this.#open();
  }

  async stop() {
    this.#stopping.abort();
    await this.#close();
  }

  #open() {
    const { hostname } = this.#options.listen;
    this.#server = Bun.serve({
      hostname,
      port: this.#port,
      fetch: (request, server) => this.#handle(request, server),
      // A broken stream is on purpose: its connection is closed, and nothing is printed.
      error: () => new Response(null, { status: 500 }),
      maxRequestBodySize: MAX_BODY_BYTES,
      idleTimeout: 60,
      development: false,
      reusePort: false,
    });
    // Port 0 took a free one, which stays the same when the port is opened again.
    this.#port = this.#server.port!;
  }

  async #close() {
    const server = this.#server;
    this.#server = undefined;
    await server?.stop(true);
  }

  async #handle(request: Request, server: Bun.Server<undefined>): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/stats") return Response.json(this.stats());
    if (pathname === "/control") return this.#control(request);
    if (request.method === "GET")
      return Response.json({ message: "post here; /stats tells what came" }, { status: 405 });
    const body = await request.text();
    server.timeout(request, 0);
    const { clock, random } = this.#options;
    // Two draws for every post, so that the same seed gives the same fates whatever is configured.
    const [draw, slowness] = [random.float(), random.float()];
    const [least, most] = this.#behaviour.latencyMs;
    if (most > 0) await sleep(clock, least + (most - least) * slowness, this.#stopping.signal);
    const fate = fateOf(this.#behaviour, draw);
    return this.#answer(request, body, fate);
  }

  async #answer(request: Request, body: string, fate: Fate): Promise<Response> {
    this.ledger.post(fate.what === "answer" ? String(fate.status) : fate.what);
    if (fate.what === "reset") return new Response(brokenOff(""));
    if (fate.what === "hang") {
      await gone(request, this.#stopping.signal);
      return new Response(null, { status: 500 });
    }
    if (fate.what === "partial") {
      this.#take(request, body);
      return new Response(brokenOff('{"ok":'), { headers: { "Content-Type": "application/json" } });
    }
    if (fate.status < 300) this.#take(request, body);
    return this.#plain(fate.status, request);
  }

  #plain(status: number, { url }: Request): Response {
    if (status < 300) return new Response('{"ok":true}', { status, headers: { "Content-Type": "application/json" } });
    const headers = new Headers({ "Content-Type": "application/json" });
    if (status < 400) headers.set("Location", new URL("/moved", url).href);
    const { retryAfter } = this.#behaviour;
    if (status >= 400 && retryAfter !== undefined) headers.set("Retry-After", retryAfter);
    return new Response(`{"ok":false,"status":${status}}`, { status, headers });
  }

  #take({ headers }: Request, body: string) {
    const { record, clock } = this.#options;
    const facts = factsOf(body, headers.get("content-type") ?? "", headers.get("idempotency-key"));
    if (facts.length > 1) this.ledger.batches += 1;
    for (const fact of facts) record.write(fact, this.ledger.take(fact), clock.nowMs());
    record.commit();
    this.#outages.taken();
  }

  async #control(request: Request): Promise<Response> {
    if (request.method !== "POST" || !request.headers.get("content-type")?.startsWith("application/json")) {
      return Response.json({ message: `POST a change as application/json: ${CHANGE_FORM}` }, { status: 415 });
    }
    const parsed = v.safeParse(changeSchema, await request.json().catch(() => undefined));
    if (!parsed.success) {
      const [issue] = parsed.issues;
      return Response.json(
        { message: `${v.getDotPath(issue) ?? "the body"}: ${issue.message}; send ${CHANGE_FORM}` },
        { status: 400 },
      );
    }
    const { mode } = parsed.output;
    // Nobody could open it again from outside: a script does, or the program that has this one as a part.
    if (mode === "refuse") return Response.json({ message: "only a script can close the port" }, { status: 400 });
    this.change(parsed.output);
    return Response.json(this.#behaviour);
  }
}

/** A body that ends in the middle, and its connection with it; with nothing at all not even the head is sent. */
function brokenOff(start: string): ReadableStream {
  let sent = start === "";
  return new ReadableStream({
    async pull(controller) {
      // Bun prints an error of a stream that is not waited for.
      await new Promise((resolve) => setImmediate(resolve));
      if (sent) return controller.error(new Error("broken off on purpose"));
      sent = true;
      controller.enqueue(new TextEncoder().encode(start));
    },
  });
}

/** Resolves when the client has gone, or `stopping` aborts. */
function gone({ signal }: Request, stopping: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => resolve();
    signal.addEventListener("abort", done, { once: true });
    stopping.addEventListener("abort", done, { once: true });
  });
}

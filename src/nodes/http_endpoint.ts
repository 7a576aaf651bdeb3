import { isIP } from "node:net";
import { type NodeContext, Unavailable } from "../node/index.ts";
import type { Egress } from "./egress.ts";

/** Addresses of a name are asked for again after this long; sending goes on with the old ones meanwhile. */
const RESOLVE_TTL_MS = 30_000;

/**
 * The server of a sink: its name is resolved and the address checked, and then that very address is connected to, so
 * that a name which points elsewhere a moment later changes nothing.
 */
export class Endpoint {
  /** Scheme, host and port, for messages. */
  readonly origin: string;
  /** What the server is called, for its certificate. */
  readonly hostname: string;
  /** What requests must call it; undefined when that is the address they go to. */
  readonly hostHeader: string | undefined;
  readonly isTls: boolean;
  readonly #port: number;
  readonly #egress: Egress;
  readonly #context: NodeContext;
  #origins: readonly string[] = [];
  #resolvedAtMs = Number.NEGATIVE_INFINITY;
  #resolving: Promise<void> | undefined;

  constructor(url: URL, egress: Egress, context: NodeContext) {
    this.origin = url.origin;
    this.isTls = url.protocol === "https:";
    this.hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
    this.hostHeader = isIP(this.hostname) === 0 ? url.host : undefined;
    this.#port = Number(url.port || (this.isTls ? 443 : 80));
    this.#egress = egress;
    this.#context = context;
    if (this.hostHeader === undefined) this.#origins = this.#checked([this.hostname]);
  }

  /** Addresses to connect to, the one that worked last first; a promise before the first answer of the resolver. */
  addresses(): readonly string[] | Promise<readonly string[]> {
    // The host is an address.
    if (this.hostHeader === undefined) return this.#origins;
    const { clock } = this.#context;
    if (clock.monotonicMs() - this.#resolvedAtMs >= RESOLVE_TTL_MS) this.#resolving ??= this.#resolve();
    if (this.#origins.length > 0) return this.#origins;
    return (this.#resolving ?? Promise.resolve()).then(() => this.#origins);
  }

  /** No connection to this one: others are tried first from now on. */
  avoid(origin: string) {
    if (this.#origins.length < 2) return;
    this.#origins = [...this.#origins.filter((one) => one !== origin), origin];
  }

  async #resolve() {
    try {
      this.#origins = this.#checked(await this.#context.resolve(this.hostname));
      this.#resolvedAtMs = this.#context.clock.monotonicMs();
    } catch (error) {
      // A resolver that is away, or leads astray now, keeps nobody from the addresses it gave before.
      if (this.#origins.length === 0) throw this.#unresolved(error as Error);
      this.#resolvedAtMs = this.#context.clock.monotonicMs();
    } finally {
      this.#resolving = undefined;
    }
  }

  #unresolved(error: Error): Unavailable {
    if (error instanceof Denied) return error;
    return new Unavailable(
      `cannot find ${this.hostname}: its name cannot be resolved (${error.message.slice(0, 100)})`,
    );
  }

  #checked(addresses: readonly string[]): string[] {
    const allowed = addresses.filter((address) => this.#egress(this.hostname, this.#port, address));
    if (allowed.length === 0) throw new Denied(this.hostname, this.#port, addresses);
    const scheme = this.isTls ? "https" : "http";
    return allowed.map((address) => `${scheme}://${isIP(address) === 6 ? `[${address}]` : address}:${this.#port}`);
  }
}

/** Not the packet's fault: it waits until the name, or the list, is put right. */
class Denied extends Unavailable {
  constructor(host: string, port: number, addresses: readonly string[]) {
    const found = addresses.length === 0 ? "no address" : addresses.slice(0, 4).join(", ");
    super(`cannot send to ${host}:${port} as egress allows none of its addresses (${found}): list one in egress.allow`);
  }
}

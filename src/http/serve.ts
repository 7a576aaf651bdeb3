import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { hostname as machineName } from "node:os";
import { type AppOptions, createApp, LOOPBACK_NAMES } from "./app.ts";
import { HttpError } from "./error.ts";
import { checkExposure, isLoopback, type Listen } from "./listen.ts";

export interface ServeOptions extends Omit<AppOptions, "names" | "anyAddress"> {
  listen: Listen;
  /** Opens the server to other machines without a token. */
  insecure?: boolean;
  /** Address of a host name; the system's resolver when left out. */
  resolve?(name: string): Promise<string>;
}

export interface Served {
  /** With the port that was taken. */
  url: string;
  port: number;
  /** Ends running requests too. */
  stop(): Promise<void>;
}

/** A body larger than this is cut off before it reaches a route. */
const MAX_REQUEST_BYTES = 64 * 1024;
/** Seconds a silent connection is kept. */
const IDLE_SEC = 10;

/** Starts the server, or rejects with an {@link HttpError} that says what to do. */
export async function serveHttp({ listen, insecure = false, resolve, ...options }: ServeOptions): Promise<Served> {
  checkExposure(listen, { token: options.token !== undefined, insecure });
  const app = createApp({ ...options, ...identity(listen.hostname) });
  const address = await addressOf(listen, resolve);
  try {
    const server = Bun.serve({
      hostname: address,
      port: listen.port,
      fetch: app.fetch,
      maxRequestBodySize: MAX_REQUEST_BYTES,
      idleTimeout: IDLE_SEC,
      development: false,
      // Bun shares the port with whoever else asks for it once `development` is off, unless this is said.
      reusePort: false,
    });
    return { url: server.url.origin, port: server.port!, stop: () => server.stop(true) };
  } catch (error) {
    throw startError(error as Error & { code?: string }, listen);
  }
}

/** Bun.serve resolves names too, but tells of one it cannot resolve with the code of some earlier error. */
async function addressOf(listen: Listen, resolve = systemResolver): Promise<string> {
  if (isIP(listen.hostname) !== 0) return listen.hostname;
  try {
    return await resolve(listen.hostname);
  } catch (error) {
    throw startError(error as Error & { code?: string }, listen);
  }
}

const systemResolver = async (name: string) => (await lookup(name)).address;

/** The names under which clients may address the server. */
function identity(hostname: string): Pick<AppOptions, "names" | "anyAddress"> {
  if (isLoopback(hostname)) return { names: [...new Set([...LOOPBACK_NAMES, hostname])], anyAddress: false };
  const machine = machineName();
  return { names: [...LOOPBACK_NAMES, hostname, machine, `${machine}.local`], anyAddress: true };
}

const START_ERRORS: Record<string, { code: HttpError["code"]; fact: string; hint: string }> = {
  EADDRINUSE: {
    code: "HTTP_IN_USE",
    fact: "another program uses that port",
    hint: "stop it, choose another port, or use port 0 to take a free one",
  },
  EADDRNOTAVAIL: {
    code: "HTTP_ADDRESS",
    fact: "this machine does not have that address",
    hint: "use 127.0.0.1, or an address that this machine has",
  },
  EACCES: {
    code: "HTTP_ADDRESS",
    fact: "this user may not open that port",
    hint: "use a port of 1024 or above",
  },
};

function startError(error: Error & { code?: string }, { hostname, port }: Listen): HttpError {
  const known = START_ERRORS[error.code ?? ""];
  const { code, fact, hint } = known ?? {
    code: "HTTP_ADDRESS" as const,
    fact: error.message,
    hint: "check the address, for example 127.0.0.1:7077",
  };
  return new HttpError(code, `Cannot listen on ${hostname}:${port} as ${fact}`, hint);
}

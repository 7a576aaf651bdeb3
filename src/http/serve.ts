import { hostname as machineName } from "node:os";
import { type AppOptions, createApp, LOOPBACK_NAMES } from "./app.ts";
import { HttpError } from "./error.ts";
import { checkExposure, isLoopback, type Listen } from "./listen.ts";

export interface ServeOptions extends Omit<AppOptions, "names" | "anyAddress"> {
  listen: Listen;
  /** Opens the server to other machines without a token. */
  insecure?: boolean;
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

/** Starts the server, or throws an {@link HttpError} that says what to do. */
export function serveHttp({ listen, insecure = false, ...options }: ServeOptions): Served {
  checkExposure(listen, { token: options.token !== undefined, insecure });
  const app = createApp({ ...options, ...identity(listen.hostname) });
  try {
    const server = Bun.serve({
      hostname: listen.hostname,
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
  // With port 0 no port can be in use: Bun says so of a name that does not resolve.
  const reason = error.code === "EADDRINUSE" && port === 0 ? "EADDRNOTAVAIL" : (error.code ?? "");
  const known = START_ERRORS[reason];
  const { code, fact, hint } = known ?? {
    code: "HTTP_ADDRESS" as const,
    fact: error.message,
    hint: "check the address, for example 127.0.0.1:7077",
  };
  return new HttpError(code, `Cannot listen on ${hostname}:${port} as ${fact}`, hint);
}

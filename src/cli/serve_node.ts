import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Listener, Peer, Resolve, Serve, ServeOptions } from "../node/index.ts";

/** A body this much longer than allowed still reaches the handler, which can say what the limit is. */
const GRACE_BYTES = 64 * 1024;

/** {@link Serve} on a real socket. */
export const serveNode: Serve = async (options) => {
  const { hostname, port, maxBodyBytes, idleSec, tls, handle } = options;
  try {
    const address = isIP(hostname) === 0 ? (await resolveName(hostname))[0]! : hostname;
    const server = Bun.serve({
      hostname: address,
      port,
      fetch: (request, self) => handle(request, peerOf(request, self)),
      // Without it Bun answers with a page that shows the code.
      error: () => new Response(null, { status: 500 }),
      maxRequestBodySize: maxBodyBytes + GRACE_BYTES,
      idleTimeout: idleSec,
      development: false,
      // Bun shares the port with whoever else asks for it once `development` is off, unless this is said.
      reusePort: false,
      ...(tls === undefined ? {} : { tls: tlsOf(tls) }),
    });
    return listener(server);
  } catch (error) {
    const why = reason(error as NodeJS.ErrnoException);
    const failure = new Error(`cannot listen on ${hostname}:${port} as ${why}`, { cause: error });
    throw Object.assign(failure, { code: "CANNOT_LISTEN" });
  }
};

/** {@link Resolve} by the system's resolver. */
export const resolveName: Resolve = async (name) => (await lookup(name, { all: true })).map(({ address }) => address);

type Server = Bun.Server<undefined>;

function peerOf(request: Request, server: Server): Peer {
  return {
    get address() {
      return server.requestIP(request)?.address ?? "";
    },
    takeTime: () => server.timeout(request, 0),
  };
}

function tlsOf({ cert, key, ca }: NonNullable<ServeOptions["tls"]>) {
  return { cert, key, ...(ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true }) };
}

function listener(server: Server): Listener {
  return {
    port: server.port!,
    async stop(graceMs) {
      let timer: Timer | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, graceMs);
      });
      await Promise.race([server.stop(), late]);
      clearTimeout(timer);
      await server.stop(true);
    },
  };
}

const REASONS: Record<string, string> = {
  EADDRINUSE: "another program uses that port: stop it, or choose another port",
  EADDRNOTAVAIL: "this machine does not have that address: use 127.0.0.1, or an address that it has",
  EACCES: "this user may not open that port: use one of 1024 or above",
  ENOTFOUND: "there is no such host name: use 127.0.0.1, or an address that this machine has",
};

function reason({ code = "", message }: NodeJS.ErrnoException): string {
  return REASONS[code] ?? message;
}

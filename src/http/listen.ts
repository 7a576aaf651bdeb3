import { type HostPort, isLoopback, parseHostPort } from "../base/host_port.ts";
import { HttpError } from "./error.ts";

export { isLoopback };
export type Listen = HostPort;

/** As {@link parseHostPort}, or throws. */
export function parseListen(text: string): Listen {
  const parsed = parseHostPort(text);
  if (parsed !== undefined) return parsed;
  throw new HttpError(
    "HTTP_LISTEN",
    `Cannot listen on "${text}" as it is not host:port with a port of 0 to 65535`,
    "write 127.0.0.1:7077, or [::1]:7077 for IPv6",
  );
}

/** Refuses to open the server to other machines without a token, unless that is asked for by name. */
export function checkExposure({ hostname, port }: Listen, guarded: { token: boolean; insecure: boolean }) {
  if (isLoopback(hostname) || guarded.token || guarded.insecure) return;
  throw new HttpError(
    "HTTP_EXPOSED",
    `Cannot listen on ${hostname}:${port} as other machines reach it and there is no token`,
    `listen on 127.0.0.1:${port}, give --http-token FILE, or open it to everybody with --http-insecure`,
  );
}

import { isIP } from "node:net";
import { HttpError } from "./error.ts";

/** Where the server listens. */
export interface Listen {
  /** A name or an address, IPv6 without brackets. */
  hostname: string;
  /** 0 takes a free one. */
  port: number;
}

const FORM = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+)):(\d{1,5})$/i;

/** Reads `127.0.0.1:7077`, `localhost:0` or `[::1]:7077`; the host must be said, so nothing is open by accident. */
export function parseListen(text: string): Listen {
  const [, v6, name, digits] = FORM.exec(text) ?? [];
  const hostname = v6 ?? name;
  const port = Number(digits);
  if (hostname === undefined || port > 65_535 || (v6 !== undefined && isIP(v6) !== 6)) {
    throw new HttpError(
      "HTTP_LISTEN",
      `Cannot listen on "${text}" as it is not host:port with a port of 0 to 65535`,
      "write 127.0.0.1:7077, or [::1]:7077 for IPv6",
    );
  }
  return { hostname, port };
}

/** True for names and addresses that only this machine reaches. */
export function isLoopback(hostname: string): boolean {
  if (hostname.toLowerCase() === "localhost" || hostname === "::1") return true;
  return isIP(hostname) === 4 && hostname.startsWith("127.");
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

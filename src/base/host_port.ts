/** Where a server listens. */
export interface HostPort {
  /** A name or an address, IPv6 without brackets. */
  hostname: string;
  /** 0 takes a free one. */
  port: number;
}

const FORM = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+)):(\d{1,5})$/i;

/** Reads `127.0.0.1:7077`, `localhost:0` or `[::1]:7077`; the host must be said, so nothing is open by accident. */
export function parseHostPort(text: string): HostPort | undefined {
  const [, v6, name, digits] = FORM.exec(text) ?? [];
  const hostname = v6 ?? name;
  const port = Number(digits);
  if (hostname === undefined || port > 65_535) return undefined;
  return v6 === undefined || URL.canParse(`http://[${v6}]/`) ? { hostname, port } : undefined;
}

/** True for names and addresses that only this machine reaches. */
export function isLoopback(hostname: string): boolean {
  return hostname.toLowerCase() === "localhost" || hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

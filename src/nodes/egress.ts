import { BlockList, isIP } from "node:net";

/**
 * Addresses that only this machine's own network card or its cloud answers at: a graph that was talked into sending
 * there would give away the machine's credentials. Link-local, and the metadata services outside of it.
 */
const DENIED: readonly string[] = [
  "169.254.0.0/16",
  "fe80::/10",
  // AWS, Alibaba, Oracle, Azure.
  "fd00:ec2::/32",
  "100.100.100.200/32",
  "192.0.0.192/32",
  "168.63.129.16/32",
];

/** Says whether packets may be sent to an address of a host. */
export type Egress = (host: string, port: number, address: string) => boolean;

/** What `allow` lists, and without it everything, except for what {@link DENIED} has and `allow` does not name. */
export function egress(allow: readonly string[] | undefined): Egress {
  const denied = blockList(DENIED);
  const entries = (allow ?? []).map(readEntry);
  return (host, port, address) => {
    const plain = plainAddress(address);
    const listed = entries.filter((entry) => entry.covers(host, port, plain));
    if (holds(denied, plain)) return listed.some(({ network }) => network);
    return allow === undefined || listed.length > 0;
  };
}

interface Entry {
  /** Names addresses, so that it can let in what is denied otherwise; a name cannot, as it may point anywhere. */
  network: boolean;
  covers(host: string, port: number, address: string): boolean;
}

const ENTRY = /^(?:\[([0-9a-f:.]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?$/i;

/** True for `host`, `host:port`, an address or a network such as `10.0.0.0/8`. */
export function isEgressEntry(text: string): boolean {
  if (text.includes("/")) return networkOf(text) !== undefined;
  return isIP(text) !== 0 || (ENTRY.test(text) && Number(ENTRY.exec(text)![3] ?? 1) <= 65_535);
}

function readEntry(text: string): Entry {
  if (text.includes("/")) {
    const list = blockList([text]);
    return { network: true, covers: (_host, _port, address) => holds(list, address) };
  }
  const [, v6, name, port] = isIP(text) === 6 ? [text, text] : ENTRY.exec(text)!;
  const wanted = (v6 ?? name)!.toLowerCase();
  const network = isIP(wanted) !== 0;
  const covers: Entry["covers"] = (host, at, address) =>
    (port === undefined || Number(port) === at) && (host.toLowerCase() === wanted || (network && address === wanted));
  return { network, covers };
}

function networkOf(text: string) {
  const [address = "", bits = ""] = text.split("/");
  const family = isIP(address);
  const width = family === 4 ? 32 : 128;
  if (family === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > width) return undefined;
  return { address, bits: Number(bits), family: family === 4 ? "ipv4" : "ipv6" } as const;
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of networks) {
    const { address, bits, family } = networkOf(text)!;
    list.addSubnet(address, bits, family);
  }
  return list;
}

const holds = (list: BlockList, address: string) => list.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");

/** IPv4 inside IPv6 (mapped, and by NAT64) is IPv4: it leads to the same machine. */
function plainAddress(address: string): string {
  if (isIP(address) !== 6) return address;
  const { hostname } = new URL(`http://[${address.replace(/%.*$/, "")}]/`);
  const written = hostname.slice(1, -1);
  const [, high, low] = /^(?:::ffff:|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(written) ?? [];
  if (high === undefined || low === undefined) return written;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join(".");
}

import { Rejected } from "../node/index.ts";
import type { StreamPacket } from "../packet/index.ts";
import { filler, templateFault } from "./fill_in.ts";

const PLACE = /\{\{.*?\}\}/g;

/** What is wrong with the address of a sink; undefined when nothing is. */
export function addressFault(url: string): string | undefined {
  const [, host = ""] = /^https?:\/\/([^/?#]*)/i.exec(url) ?? [];
  if (host === "") return "it must be http:// or https:// with a host";
  if (host.includes("@")) return "it must hold no user and password: use auth";
  if (host.includes("{")) return "the host must stand fixed: only path and query may have {{places}}";
  if (url.includes("#")) return "it must have no #fragment, which is never sent";
  if (!URL.canParse(url.replace(PLACE, "x"))) return "it is not a URL";
  return templateFault(url);
}

/** The address with `x` in its places: scheme, host and port are those of every packet. */
export const sampleUrl = (url: string): URL => new URL(url.replace(PLACE, "x"));

/** Path and query for a packet, its values percent-encoded. Throws {@link Rejected} for a packet that has none. */
export function addressPath(url: string): (packet: StreamPacket) => string {
  const rest = url.replace(/^https?:\/\/[^/?#]*/i, "");
  const template = rest.startsWith("/") ? rest : `/${rest}`;
  if (!template.includes("{{")) {
    const { pathname, search } = sampleUrl(url);
    return () => pathname + search;
  }
  return filler(template, encoded);
}

function encoded(value: unknown, path: string): string {
  const text = typeof value === "number" || typeof value === "boolean" ? String(value) : value;
  if (typeof text !== "string" || text === "") throw unfit(path, "it is missing, or neither text nor a number");
  // Percent-encoded or not, these two climb a path.
  if (text === "." || text === "..") throw unfit(path, `it is "${text}"`);
  try {
    return encodeURIComponent(text);
  } catch {
    throw unfit(path, "it is not well-formed Unicode");
  }
}

const unfit = (path: string, fact: string) =>
  new Rejected(`cannot make the address of this packet: its ${path} does not fit as ${fact}`);

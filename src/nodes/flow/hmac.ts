import { createHmac, timingSafeEqual } from "node:crypto";
import * as v from "valibot";
import { type ConfigIssue, Rejected } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { canonicalJson } from "../canonical_json.ts";
import { readPath, withoutPath, withPath } from "../payload_path.ts";
import { packetPath, readPacketPath } from "./packet_path.ts";

/** Sixteen random characters hold more than 64 bits; fewer can be tried out by whoever has one signature. */
const key = v.pipe(v.string(), v.minLength(16, "must have at least 16 characters"));

/** What both ends of a signature must agree on. */
export const signing = {
  keys: v.pipe(
    v.union([key, v.pipe(v.array(key), v.minLength(1), v.maxLength(16))]),
    v.description("Secret, or a list of them, the newest first: `${file:/run/secrets/hook}`."),
  ),
  signature: v.pipe(v.optional(packetPath, "meta.signature"), v.description("Where the signature stands.")),
  of: v.pipe(
    v.optional(packetPath, "payload"),
    v.description("What is signed: a text or bytes as they are, anything else as canonical JSON (RFC 8785)."),
  ),
  timestamp: v.pipe(
    v.optional(packetPath),
    v.description("Where the time of signing stands. It is signed, too: `<timestamp>.<what is signed>`."),
  ),
  algorithm: v.pipe(
    v.optional(v.picklist(["sha256", "sha384", "sha512"]), "sha256"),
    v.description("Hash of the HMAC."),
  ),
  encoding: v.pipe(v.optional(v.picklist(["hex", "base64"]), "hex"), v.description("How the signature is written.")),
  prefix: v.pipe(v.optional(v.string(), ""), v.description("Stands before the signature, such as `sha256=`.")),
};

const shape = v.strictObject(signing);
export type Signing = v.InferOutput<typeof shape>;

export const keysOf = ({ keys }: Signing): readonly string[] => [keys].flat();

/** The bytes that a key signs. Throws a {@link Rejected} when there are none. */
export function signedBytes(packet: StreamPacket, { of, signature, timestamp }: Signing): Uint8Array {
  // A signature does not sign itself.
  const whole = withoutPath({ payload: packet.payload, meta: packet.meta }, signature.split("."));
  const { found, value } = readPath(whole, of);
  if (!found) throw new Rejected(`cannot read what is signed: the packet has no ${of}`);
  const body = bytesOf(value, of);
  if (timestamp === undefined) return body;
  const at = readPath(whole, timestamp);
  if (!at.found) throw new Rejected(`cannot read the time of signing: the packet has no ${timestamp}`);
  return Buffer.concat([Buffer.from(`${at.value}.`), body]);
}

function bytesOf(value: unknown, of: string): Uint8Array {
  if (typeof value === "string") return Buffer.from(value);
  if (value instanceof Uint8Array) return value;
  try {
    return Buffer.from(canonicalJson(value));
  } catch (error) {
    throw new Rejected(`cannot read what is signed: ${of} is no JSON: ${(error as Error).message}`);
  }
}

const digest = (bytes: Uint8Array, secret: string, { algorithm }: Signing) =>
  createHmac(algorithm, secret).update(bytes).digest();

export const signatureText = (bytes: Uint8Array, secret: string, options: Signing): string =>
  options.prefix + digest(bytes, secret, options).toString(options.encoding);

/** Position of the key that made the signature, -1 when none did. Every key is tried, in constant time. */
export function keyThatMade(text: string, bytes: Uint8Array, options: Signing): number {
  if (!text.startsWith(options.prefix)) return -1;
  const given = Buffer.from(text.slice(options.prefix.length), options.encoding);
  let made = -1;
  for (const [at, secret] of keysOf(options).entries()) {
    const wanted = digest(bytes, secret, options);
    if (given.length === wanted.length && timingSafeEqual(given, wanted) && made === -1) made = at;
  }
  return made;
}

export const readSignature = (packet: StreamPacket, { signature }: Signing) => readPacketPath(packet, signature);

/** Payload and meta with a value at a path. */
export const placed = (packet: Pick<StreamPacket, "payload" | "meta">, path: string, value: unknown) =>
  withPath({ payload: packet.payload, meta: packet.meta }, path, value) as Pick<StreamPacket, "payload" | "meta">;

/** A signature or a time that stands in a payload which is signed as a text would change what was signed. */
export function placeIssues({ of, signature, timestamp }: Signing): ConfigIssue[] {
  const places = { signature, timestamp } as const;
  return (Object.keys(places) as (keyof typeof places)[]).flatMap((name) =>
    places[name] === of || places[name] === "payload" || (name === "timestamp" && signature === timestamp)
      ? [
          {
            path: [name],
            message: `must be a place of its own: "${places[name]}" is taken`,
            hint: `${name}: meta.${name}`,
          },
        ]
      : [],
  );
}

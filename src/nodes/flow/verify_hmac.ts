import * as v from "valibot";
import { ANY, type ConfigIssue, defineNode, port, Rejected } from "../../node/index.ts";
import { idempotencyKey, isNumeric, parseIsoMs, replace, type StreamPacket } from "../../packet/index.ts";
import { duration, durationMs } from "../duration.ts";
import { keyThatMade, placed, placeIssues, readSignature, type Signing, signedBytes, signing } from "./hmac.ts";
import { readPacketPath } from "./packet_path.ts";
import { SeenSignatures } from "./seen_signatures.ts";

const config = v.strictObject({
  ...signing,
  window: v.pipe(
    v.optional(duration, "5m"),
    v.description("With `timestamp`: how far it may be from now, before or after."),
  ),
  max_seen: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 65_536),
    v.description(
      "With `timestamp`: signatures remembered, so that none passes twice within the window; 0 remembers none.",
    ),
  ),
  parse: v.pipe(
    v.optional(v.boolean(), false),
    v.description("What was signed is a text of JSON, and what it says takes its place."),
  ),
});

type Config = v.InferOutput<typeof config>;

export const verifyHmac = defineNode({
  name: "verify_hmac",
  kind: "policy",
  stateVersion: 1,
  doc: `Passes packets whose signature (HMAC) was made with one of its keys, and rejects all others.

A packet without a signature, with a wrong one, or with one too old is **rejected**: it becomes a dead letter (or what
\`on_error\` says), and a sender that waits is told. There is no port for it, so a bad packet gets nowhere by mistake. Keys
are tried in their order and compared in constant time; one that signed with another than the first counts as
\`old_key_total\`, which tells when an old key can go.

A signature alone can be sent again for ever. With \`timestamp\` the time of signing is part of what is signed: seconds or
milliseconds since 1970, or ISO-8601. What is further from this machine's clock than \`window\` is rejected, and so is a
signature that came already with another idempotency key. The same packet may come again: a durable edge or a sender that
heard nothing sends it twice.

\`http_source\` with \`body: text\` and \`headers\` hands over the very bytes that were signed; \`parse\` then makes a payload of
them.`,
  config,
  inputs: { in: port(ANY, "Signed packets.") },
  passes: true,
  outputs: { out: port(ANY, "Those whose signature is right.") },
  examples: [
    {
      title: "A webhook's body, with the signature from a header",
      config: { keys: "It's a Secret to Everybody", signature: "meta.headers.x-hub-signature-256", prefix: "sha256=" },
      input: [
        {
          payload: "Hello, World!",
          meta: {
            headers: {
              "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            },
          },
        },
      ],
      output: { out: [{ payload: "Hello, World!" }] },
    },
  ],
  check: (options) => [...placeIssues(options), ...parseIssues(options)],
  create(options, { clock }) {
    const windowMs = durationMs(options.window);
    const seen = new SeenSignatures(windowMs, options.max_seen);
    const counts = { verified_total: 0, refused_total: 0, replayed_total: 0, old_key_total: 0 };
    const refuse = (name: "refused_total" | "replayed_total", reason: string) => {
      counts[name] += 1;
      return new Rejected(`cannot trust the packet: ${reason}`);
    };
    const verify = (packet: StreamPacket) => {
      const { found, value } = readSignature(packet, options);
      if (!found || typeof value !== "string") throw refuse("refused_total", `it has no ${options.signature}`);
      const at = keyThatMade(value, signedBytes(packet, options), options);
      if (at === -1) throw refuse("refused_total", "its signature was made with none of the keys, or of other content");
      if (at > 0) counts.old_key_total += 1;
      return value;
    };
    const expectFresh = (packet: StreamPacket, signature: string) => {
      if (options.timestamp === undefined) return;
      const nowMs = clock.nowMs();
      const awayMs = Math.abs(nowMs - signedAtMs(packet, options.timestamp));
      if (!(awayMs <= windowMs)) {
        throw refuse(
          "replayed_total",
          `it was signed ${Math.round(awayMs / 1_000)} s from now, at most ${options.window} are allowed`,
        );
      }
      if (options.max_seen === 0 || seen.admit(signature, idempotencyKey(packet), nowMs)) return;
      throw refuse("replayed_total", "its signature came already, with another idempotency key");
    };
    return {
      process(packet, emit) {
        expectFresh(packet, verify(packet));
        const passed = options.parse ? parsed(packet, options) : packet;
        counts.verified_total += 1;
        emit.out(passed);
      },
      metrics: () => ({ ...counts, signatures: seen.size, signatures_forgotten_total: seen.forgotten }),
      snapshot: () => seen.snapshot(),
      restore: (state) => seen.restore(state as never),
    };
  },
});

/** Seconds are below 10^11 until the year 5138, milliseconds above it since 1973. */
function signedAtMs(packet: StreamPacket, path: string): number {
  const { value } = readPacketPath(packet, path);
  const number = isNumeric(value)
    ? value.valueOf()
    : typeof value === "string" && /^\d+$/.test(value)
      ? Number(value)
      : undefined;
  if (number !== undefined) return number < 1e11 ? number * 1_000 : number;
  const timeMs = typeof value === "string" ? parseIsoMs(value) : Number.NaN;
  if (Number.isFinite(timeMs)) return timeMs;
  throw new Rejected(`cannot trust the packet: ${path} is no time`);
}

function parsed(packet: StreamPacket, { of }: Signing): StreamPacket {
  const { value } = readPacketPath(packet, of);
  const text = typeof value === "string" ? value : Buffer.from(value as Uint8Array).toString();
  try {
    return replace(packet, placed(packet, of, JSON.parse(text)));
  } catch (error) {
    throw new Rejected(`cannot read ${of} as JSON: ${(error as Error).message}`);
  }
}

/** A signature inside of what is a text cannot be told from it. */
function parseIssues({ parse, of, signature, timestamp }: Config): ConfigIssue[] {
  if (!parse) return [];
  const inside = (
    [
      ["signature", signature],
      ["timestamp", timestamp],
    ] as const
  ).filter(([, path]) => path?.startsWith(`${of}.`));
  return inside.map(([name]) => ({
    path: [name],
    message: `must not be inside ${of}, which is a text with parse: true`,
  }));
}

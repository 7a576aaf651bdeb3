import * as v from "valibot";
import { isEgressEntry } from "../egress.ts";
import { textConfig } from "../packet_text.ts";

const text = v.pipe(v.string(), v.nonEmpty());
const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const headerName = v.pipe(v.string(), v.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "must be the name of a header"));
const headerValue = v.pipe(v.string(), v.regex(/^[\t\x20-\x7e]*$/, "must be printable ASCII"));
const entry = v.pipe(
  v.string(),
  v.check(isEgressEntry, "must be host, host:port, an address or a network as 10.0.0.0/8"),
);

const milliseconds = v.pipe(v.number(), v.minValue(0), v.maxValue(3_600_000));
const RETRIED = [408, 425, 429, 500, 502, 503, 504];

export const sinkConfig = v.strictObject({
  url: v.pipe(
    text,
    v.description("Where packets go. Path and query may have places such as `{{payload.id}}`; values are encoded."),
  ),
  method: v.pipe(v.optional(v.picklist(["POST", "PUT", "PATCH"]), "POST"), v.description("HTTP method.")),
  body: v.pipe(
    v.optional(v.picklist(["payload", "packet", "template"]), "payload"),
    v.description("JSON of the payload, JSON of the whole packet, or `template`."),
  ),
  template: v.pipe(
    v.optional(text),
    v.description("Body with places such as `{{payload.id}}`; in JSON each becomes a JSON value."),
  ),
  content_type: v.pipe(v.optional(headerValue, "application/json"), v.description("Content-Type of the body.")),
  spacing: textConfig.spacing,
  headers: v.pipe(
    v.optional(v.record(headerName, headerValue), {}),
    v.description("Further headers; a secret is given as `${file:/path}`."),
  ),
  auth: v.pipe(
    v.optional(
      v.union([
        v.strictObject({ bearer: v.pipe(headerValue, v.nonEmpty(), v.description("Token.")) }),
        v.strictObject({
          basic: v.pipe(
            v.strictObject({
              user: v.pipe(v.string(), v.description("User name.")),
              password: v.pipe(v.string(), v.description("Password.")),
            }),
            v.description("User and password."),
          ),
        }),
      ]),
    ),
    v.description("`{ bearer: TOKEN }` or `{ basic: { user, password } }`, values by `${file:/path}`."),
  ),
  tls: v.pipe(
    v.optional(
      v.strictObject({
        ca: v.optional(v.pipe(text, v.description("Who signed the server's certificate: PEM text or a file."))),
        cert: v.optional(v.pipe(text, v.description("Certificate that is shown to the server: PEM text or a file."))),
        key: v.optional(v.pipe(text, v.description("Its private key: PEM text or a file."))),
      }),
    ),
    v.description("For a certificate of your own, on either side; the system's authorities otherwise."),
  ),
  gzip: v.pipe(v.optional(v.boolean(), false), v.description("Packs bodies of 256 bytes and more.")),
  idempotency_header: v.pipe(
    v.optional(v.union([v.literal(""), headerName]), "Idempotency-Key"),
    v.description("Header with the packet's key; empty sends none."),
  ),
  batch: v.pipe(
    v.optional(
      v.strictObject({
        max_packets: v.pipe(v.optional(v.pipe(count, v.maxValue(1_024)), 64), v.description("Packets of one request.")),
        max_ms: v.pipe(v.optional(v.pipe(count, v.maxValue(60_000)), 50), v.description("Longest wait for more.")),
        format: v.pipe(
          v.optional(v.picklist(["array", "ndjson"]), "array"),
          v.description("A JSON array, or one line per packet (application/x-ndjson)."),
        ),
      }),
    ),
    v.description("Several packets per request. Needs `runtime.concurrency` of at least `max_packets`."),
  ),
  timeout_ms: v.pipe(
    v.optional(v.pipe(count, v.maxValue(600_000)), 7_500),
    v.description("For one try, from connecting to the end of the answer; below the 8 s that delivery allows."),
  ),
  max_response_bytes: v.pipe(
    v.optional(count, 64 * 1024),
    v.description("Of a longer answer the rest is not read; only its status matters."),
  ),
  egress: v.pipe(
    v.optional(
      v.strictObject({
        allow: v.pipe(
          v.pipe(v.array(entry), v.minLength(1)),
          v.description("Hosts, `host:port`, addresses and networks that may be sent to."),
        ),
      }),
    ),
    v.description("Where packets may go; without it everywhere but to link-local and metadata addresses."),
  ),
  retry: v.pipe(
    v.optional(
      v.strictObject({
        max_attempts: v.pipe(v.optional(v.pipe(count, v.maxValue(100)), 3), v.description("Tries of a packet.")),
        backoff_ms: v.pipe(v.optional(milliseconds, 1_000), v.description("First wait; it doubles with each.")),
        backoff_max_ms: v.pipe(v.optional(milliseconds, 10_000), v.description("Longest wait.")),
        on_status: v.pipe(
          v.optional(v.array(v.pipe(v.number(), v.integer(), v.minValue(300), v.maxValue(599))), RETRIED),
          v.description("Statuses that are tried again."),
        ),
        on_fail: v.pipe(
          v.optional(v.picklist(["pass_over", "throw"]), "throw"),
          v.description("After the last try: count the packet as failed and go on, or throw."),
        ),
      }),
    ),
    v.description(
      "Tries within the node, as the predecessor's. `runtime.delivery` is the better place: it holds packets through an outage.",
    ),
  ),
  forward: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Also passes packets on, by `out`, once the server has taken them."),
  ),
});

export type SinkConfig = v.InferOutput<typeof sinkConfig>;

import * as v from "valibot";

const text = v.pipe(v.string(), v.nonEmpty());
const count = v.pipe(v.number(), v.integer(), v.minValue(1));

/** Sixteen random letters hold more than 64 bits; fewer can be tried over a network. */
const token = v.pipe(
  v.string(),
  v.regex(/^[\x21-\x7e]{16,4096}$/, "must be at least 16 printable ASCII characters without spaces"),
);

/** Who a sender is stays with this node: what is in `meta` is logged. */
const SECRET_HEADERS = new Set(["authorization", "cookie", "proxy-authorization"]);

const header = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9-]+$/, "must be a header's name"),
  v.check((name) => !SECRET_HEADERS.has(name.toLowerCase()), "must not be a header that holds a secret"),
);

const METHODS = ["POST", "PUT", "PATCH"] as const;

export const sourceConfig = v.strictObject({
  listen: v.pipe(text, v.description("`HOST:PORT`, such as `127.0.0.1:8088`; port 0 takes a free one.")),
  path: v.pipe(
    v.optional(
      v.pipe(v.string(), v.regex(/^\/[\x21-\x22\x24-\x3e\x40-\x7e]*$/, "must start with / and have no ? or #")),
      "/",
    ),
    v.description("Path that takes packets; every other one is 404."),
  ),
  methods: v.pipe(
    v.optional(v.pipe(v.array(v.picklist(METHODS)), v.minLength(1)), ["POST"]),
    v.description("Methods that are taken: POST, PUT, PATCH."),
  ),
  token: v.pipe(
    v.optional(token),
    v.description("Senders must show it as `Authorization: Bearer`; give it as `${file:/path/to/token}`."),
  ),
  tls: v.pipe(
    v.optional(
      v.strictObject({
        cert: v.pipe(text, v.description("Certificate of this server: PEM text or a file.")),
        key: v.pipe(text, v.description("Its private key: PEM text or a file.")),
        ca: v.optional(v.pipe(text, v.description("Senders must show a certificate that one of these signed."))),
      }),
    ),
    v.description("HTTPS instead of HTTP."),
  ),
  insecure: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Let other machines send without a token or a certificate."),
  ),
  body: v.pipe(
    v.optional(v.picklist(["payload", "packet", "text"]), "payload"),
    v.description(
      "The body is the payload, or a whole packet, as `http_sink` sends with `body: packet`, or a text as it is, whatever its content type: what a signature was made of.",
    ),
  ),
  headers: v.pipe(
    v.optional(v.pipe(v.array(header), v.maxLength(16)), []),
    v.description(
      "Headers of the request that are kept, in lower case, in `meta.headers`: up to 1,024 characters each.",
    ),
  ),
  kind: v.pipe(v.optional(text, "raw"), v.description("Kind of the packets; packets and CloudEvents keep their own.")),
  source_id_field: v.pipe(
    v.optional(text),
    v.description("Key of the payload with the source id; else it is the node's id."),
  ),
  accept: v.pipe(
    v.optional(v.pipe(v.array(v.picklist(["json", "text"])), v.minLength(1)), ["json"]),
    v.description("`json`: application/json and every +json. `text`: text/*, a payload of text."),
  ),
  batch: v.pipe(
    v.optional(v.boolean(), false),
    v.description("A JSON array is many packets, taken all together or not at all; otherwise it is one payload."),
  ),
  max_body_bytes: v.pipe(
    v.optional(v.pipe(count, v.maxValue(256 * 1024 * 1024)), 1024 * 1024),
    v.description("Longer bodies are refused with 413, also when they are longer only once unpacked."),
  ),
  // Four inboxes of 256: enough to fill the group commits of a durable edge, little enough to wait for.
  max_in_flight: v.pipe(
    v.optional(v.pipe(count, v.maxValue(65_536)), 1_024),
    v.description("Packets whose senders wait at once; more are refused with 503 and Retry-After."),
  ),
  // As much as one inbox holds.
  max_in_flight_bytes: v.pipe(
    v.optional(count, 64 * 1024 * 1024),
    v.description("Bytes of all bodies at once; a body without a length counts as the longest."),
  ),
  ack_timeout_ms: v.pipe(
    v.optional(v.pipe(count, v.maxValue(3_600_000)), 30_000),
    v.description("A sender whose packet is not safe by then gets 503; the packet goes on."),
  ),
  // Bun's own bound is 255.
  idle_sec: v.pipe(
    v.optional(v.pipe(count, v.maxValue(255)), 10),
    v.description("A request that has not arrived by then is cut off, as is a silent connection."),
  ),
});

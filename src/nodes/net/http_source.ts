import type * as v from "valibot";
import { isLoopback, parseHostPort } from "../../base/host_port.ts";
import {
  ANY,
  type ConfigIssue,
  defineNode,
  type Listener,
  type NodeContext,
  type Peer,
  port,
} from "../../node/index.ts";
import { gate } from "./gate.ts";
import { Inbound } from "./inbound.ts";
import { pemText } from "./pem.ts";
import { claimedBytes, readBody } from "./read_body.ts";
import { Refusal, tooBig } from "./refusal.ts";
import { contentOf, requestPackets } from "./request_packets.ts";
import { sourceConfig } from "./source_config.ts";

type Config = v.InferOutput<typeof sourceConfig>;

/** A stopping server gives answers under way this long to leave. Below the 5 s that a node has for closing. */
const STOP_GRACE_MS = 2_000;

export const httpSource = defineNode({
  name: "http_source",
  kind: "source",
  acknowledges: true,
  doc: `Takes packets over HTTP and answers once they are safe.

A sender gets 202 with \`{"packet_id": …}\` when everything behind this node is done with the packet: with a durable edge,
when it is on the disk. Whoever gets anything else, or nothing, sends again with the same \`Idempotency-Key\`: a durable
edge keeps a key once, and \`dedup\` lets one through once. A key stands for one fact, whatever the body: the same key
with another body is answered 202 and not kept again. The answer to a repeat names a new \`packet_id\`, not that of the packet
that is kept; go by the key.

| status | why |
|---|---|
| 202 | safe |
| 400 | bad JSON (with line and column), key (empty or over 1,024 bytes), CloudEvent or batch |
| 401, 403, 421 | no token, a page in a browser, another name than this machine's |
| 404, 405, 415 | another path, method or content type |
| 413 | over \`max_body_bytes\`, packed or not; its connection is closed |
| 422, 500 | a node refuses the packet, or failed with it: it is a dead letter |
| 503 | full, stopping, not safe in time, or what comes next is away; \`Retry-After\` says when to come again |

- **Bounds**: \`max_in_flight\` packets and \`max_in_flight_bytes\` wait at once. A sender beyond that hears 503 before its
  body is read. A request that does not arrive within \`idle_sec\` is cut off.
- **Late**: after \`ack_timeout_ms\` the sender hears 503, and the packet goes on and keeps its place until it is done.
- **CloudEvents 1.0** are taken structured, binary and as a batch: id, source, type and time become \`packet_id\`,
  \`source_id\`, \`kind\` and \`ts\`; the key is \`source#id\`; further attributes are in \`meta.cloud_event\`.
- **Batches** are taken all together or not at all. The key of item 3 of a batch with the key \`k\` is \`k/3\`, so that
  the same batch again is the same packets.
- **Who may send**: on loopback everybody on this machine, but no page in a browser. Elsewhere a token, or a certificate
  that \`tls.ca\` signed; \`insecure: true\` opens it to everybody.`,
  config: sourceConfig,
  outputs: { out: port(ANY, "One packet per request, or per item of a batch.", "json_portable") },
  examples: [
    {
      title: "A webhook on this machine",
      config: { listen: "127.0.0.1:8088", path: "/events" },
      requests: [
        {
          url: "http://127.0.0.1:8088/events",
          headers: { "content-type": "application/json", "idempotency-key": "yard/17" },
          body: '{"celsius":41}',
          status: 202,
        },
        {
          url: "http://127.0.0.1:8088/events",
          headers: { "content-type": "application/json" },
          body: '{"celsius":}',
          status: 400,
        },
      ],
      output: { out: [{ kind: "raw", payload: { celsius: 41 }, meta: { idempotency_key: "yard/17" } }] },
    },
    {
      title: "A CloudEvent keeps its id, source, type and time",
      config: { listen: "127.0.0.1:8088" },
      requests: [
        {
          url: "http://127.0.0.1:8088/",
          headers: { "content-type": "application/cloudevents+json" },
          body: '{"specversion":"1.0","id":"17","source":"/yard","type":"alarm","time":"2026-01-01T06:00:00Z","data":41}',
          status: 202,
        },
      ],
      output: {
        out: [
          {
            packet_id: "17",
            source_id: "/yard",
            kind: "alarm",
            ts: "2026-01-01T06:00:00Z",
            payload: 41,
            meta: { idempotency_key: "/yard#17" },
          },
        ],
      },
    },
  ],
  check,
  owns: ({ listen }) => [{ path: ["listen"], what: `port ${listen}` }],
  create(config, context) {
    const receiver = new Receiver(config, context);
    return {
      open: () => receiver.open(),
      run: (signal) => receiver.run(signal),
      ack: (packet) => receiver.inbound.settle(packet, undefined),
      nack: (packet, _reason, failure) => receiver.inbound.settle(packet, failure),
      close: () => receiver.close(),
      metrics: () => receiver.metrics(),
    };
  },
});

class Receiver {
  readonly inbound: Inbound;
  readonly #config: Config;
  readonly #context: NodeContext;
  readonly #gate: (request: Request) => void;
  #listener: Listener | undefined;
  readonly #seen = { requests: 0, accepted: 0, refused: 0, full: 0 };

  constructor(config: Config, context: NodeContext) {
    this.#config = config;
    this.#context = context;
    const { hostname } = parseHostPort(config.listen)!;
    this.#gate = gate({ ...config, loopback: isLoopback(hostname) });
    this.inbound = new Inbound({
      clock: context.clock,
      maxInFlight: config.max_in_flight,
      maxBytes: Math.max(config.max_in_flight_bytes, config.max_body_bytes),
      ackTimeoutMs: config.ack_timeout_ms,
    });
  }

  /** Before anything runs: a port that is taken ends the run before a source has sent anything. */
  async open() {
    this.#listener ??= await this.#listen();
  }

  async *run(signal: AbortSignal) {
    await this.open();
    yield* this.inbound.packets(signal);
  }

  async close() {
    this.inbound.close();
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.stop(STOP_GRACE_MS);
  }

  metrics() {
    const { requests, accepted, refused, full } = this.#seen;
    return {
      requests_total: requests,
      accepted_total: accepted,
      refused_total: refused,
      full_total: full,
      late_total: this.inbound.late,
      in_flight: this.inbound.inFlight,
    };
  }

  async #listen(): Promise<Listener> {
    const { listen, max_body_bytes, idle_sec, tls } = this.#config;
    const { hostname, port } = parseHostPort(listen)!;
    const pem = (text: string) => pemText(text, this.#context.files);
    const listener = await this.#context.serve({
      hostname,
      port,
      maxBodyBytes: max_body_bytes,
      idleSec: idle_sec,
      ...(tls === undefined
        ? {}
        : { tls: { cert: pem(tls.cert), key: pem(tls.key), ...(tls.ca === undefined ? {} : { ca: pem(tls.ca) }) } }),
      handle: (request, peer) => this.#handle(request, peer),
    });
    const url = `http${tls === undefined ? "" : "s"}://${listen.replace(/\d+$/, String(listener.port))}${this.#config.path}`;
    this.#context.log.info("takes packets over HTTP", { url });
    return listener;
  }

  async #handle(request: Request, peer: Peer): Promise<Response> {
    this.#seen.requests += 1;
    try {
      const response = await this.#take(request, peer);
      this.#seen.accepted += 1;
      return response;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#seen.refused += 1;
      if (error.code === "FULL") this.#seen.full += 1;
      return error.response();
    }
  }

  async #take(request: Request, peer: Peer): Promise<Response> {
    this.#gate(request);
    contentOf(request, this.#config);
    const maxBytes = this.#config.max_body_bytes;
    const claimed = claimedBytes(request) ?? maxBytes;
    if (claimed > maxBytes) throw tooBig(maxBytes);
    const place = this.inbound.enter(claimed);
    let sent = false;
    try {
      const made = await this.#read(request);
      const packets = made.fields.map((fields) => this.#context.packet(fields));
      peer.takeTime();
      const settled = this.inbound.send(place, packets);
      sent = true;
      const refusal = await settled;
      if (refusal !== undefined) throw refusal;
      const ids = packets.map(({ packet_id }) => packet_id);
      return Response.json(made.many ? { packet_ids: ids } : { packet_id: ids[0] }, { status: 202 });
    } finally {
      if (!sent) this.inbound.leave(place);
    }
  }

  async #read(request: Request) {
    const bytes = await readBody(request, this.#config.max_body_bytes).catch((error: unknown) => {
      if (error instanceof Refusal) throw error;
      throw new Refusal(400, "BODY_CUT", "the body did not arrive whole");
    });
    return requestPackets(request, bytes, this.#config);
  }
}

function check({ listen, token, tls, insecure }: Config): ConfigIssue[] {
  const parsed = parseHostPort(listen);
  if (parsed === undefined) {
    return [{ path: ["listen"], message: "it is not host:port", hint: "write 127.0.0.1:8088, or [::1]:8088 for IPv6" }];
  }
  if (isLoopback(parsed.hostname) || token !== undefined || tls?.ca !== undefined || insecure) return [];
  return [
    {
      path: ["listen"],
      message: "other machines reach it and anybody may send, as there is neither a token nor tls.ca",
      hint: `listen on 127.0.0.1:${parsed.port}, give a token: "\${file:/path/to/token}", or set insecure: true`,
    },
  ];
}

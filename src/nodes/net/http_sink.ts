import { isIP } from "node:net";
import { ANY, type ConfigIssue, defineNode, type Port, port } from "../../node/index.ts";
import { idempotencyKey, replace, type StreamPacket } from "../../packet/index.ts";
import { egress as egressOf } from "../egress.ts";
import { templateFault } from "../fill_in.ts";
import { addressFault, addressPath, sampleUrl } from "../http_address.ts";
import { BatchSender } from "./batch_sender.ts";
import { FewTriesSender } from "./few_tries.ts";
import { headerKey } from "./header_key.ts";
import { Sender } from "./sender.ts";
import { bodyText } from "./sink_body.ts";
import { type SinkConfig, sinkConfig } from "./sink_config.ts";

export const httpSink = defineNode({
  name: "http_sink",
  kind: "sink",
  outside: true,
  doc: `Sends packets to a server over HTTP, one request each or in batches.

- **What fails how**: no connection, no whole answer, a timeout, and 408, 425, 429, 502, 503, 504 mean "not now": the
  delivery policy of the node (\`runtime.delivery\`) holds the packet and tries again, after \`Retry-After\` when the
  server gave one. So do 401, 403 and 404, which all packets get when a token has run out or a server is set up anew:
  the backlog waits, the log says why, and it goes on by itself once that is repaired. With places in the address a
  404 that only one packet gets holds those behind it as well. Redirects (which would turn a POST into a GET) and
  every other 4xx (400, 409, 410, 413, 422 …) mean "never": the packet is set aside with the status and the start of
  the answer. Any other 5xx is a try that failed, of which a packet has \`delivery.max_attempts\`.
- **Order and speed**: packets go out one after the other, so they arrive in order. \`runtime: { concurrency: 16 }\` has
  that many under way at once; then their order is not kept. With \`batch\` it must be at least \`max_packets\`: a batch
  is as many packets as are under way, or what came within \`max_ms\`.
- **Keys**: the header holds \`meta.idempotency_key\`, else the packet's id. Everything outside printable ASCII and \`%\`
  is percent-encoded; above 1,024 bytes it is \`sha256:\` and the hash. A batch has a hash of all of its keys, so that
  only the same packets again are the same batch.
- **Batches**: all packets of one share its outcome. One that is refused with 400, 413 or 422 is sent again in halves,
  until the packet that is the reason is refused alone.
- **Where to**: link-local addresses and the metadata services of clouds are never sent to, also when a name leads
  there; \`egress.allow\` narrows it to a list. The name is resolved every 30 s, and the checked address is what is
  connected to. With \`HTTP_PROXY\` or \`HTTPS_PROXY\` in the environment the proxy connects, to that address.
- **Places** in address and template: \`{{packet_id}}\`, \`{{ts}}\`, \`{{kind}}\`, \`{{source_id}}\`, \`{{payload.a.b}}\`,
  \`{{meta.a}}\`. An address needs text or a number there; host and port are fixed.`,
  config: sinkConfig,
  inputs: { in: port(ANY, "Packets to send.", "json_portable") },
  passes: true,
  outputs: ({ forward }: SinkConfig) =>
    (forward ? { out: port(ANY, "The packets, once the server has taken them.", "json_portable") } : {}) as {
      out: Port;
    },
  examples: [
    {
      title: "Alarms to a backend on this machine",
      config: { url: "http://127.0.0.1:8080/alarms" },
      input: [{ payload: { celsius: 41 }, meta: { idempotency_key: "yard/17" } }],
      output: {},
      posted: [
        {
          url: "http://127.0.0.1:8080/alarms",
          body: '{"celsius":41}',
          headers: { "content-type": "application/json", "idempotency-key": "yard/17" },
        },
      ],
    },
    {
      title: "A path of its own for each source, and a text",
      config: {
        url: "http://127.0.0.1:8080/sources/{{source_id}}/messages",
        body: "template",
        template: "{{payload.celsius}} degrees",
        content_type: "text/plain",
      },
      input: [{ source_id: "yard 7", payload: { celsius: 41 } }],
      output: {},
      posted: [{ url: "http://127.0.0.1:8080/sources/yard%207/messages", body: "41 degrees" }],
    },
    {
      title: "What the server has taken goes on",
      config: { url: "http://127.0.0.1:8080/alarms", forward: true },
      input: [{ payload: { celsius: 41 } }],
      output: { out: [{ payload: { celsius: 41 } }] },
      posted: [{ url: "http://127.0.0.1:8080/alarms", body: '{"celsius":41}' }],
    },
  ],
  check,
  create(config, context) {
    const sender = new Sender(config, context);
    const path = addressPath(config.url);
    const text = bodyText(config);
    const keyed = config.idempotency_header !== "";
    const { pathname, search } = sampleUrl(config.url);
    const http = { url: sender.endpoint.origin + pathname, method: config.method, node_id: context.nodeId };
    const one = (packet: StreamPacket) =>
      sender.send({
        path: path(packet),
        body: text(packet),
        key: keyed ? headerKey(idempotencyKey(packet)) : undefined,
      });
    const { batch } = config;
    const batches = batch && new BatchSender(sender, pathname + search, keyed, batch, context.clock);
    const send = batches
      ? (packet: StreamPacket) => batches.add({ body: text(packet), key: idempotencyKey(packet) })
      : one;
    const tries = config.retry && new FewTriesSender(config.retry, context.clock);
    let posted = 0;
    return {
      async process(packet, emit) {
        if (tries === undefined) await send(packet);
        else if (!(await tries.send(() => send(packet)))) return;
        posted += 1;
        if (config.forward) emit.out(replace(packet, { meta: { ...packet.meta, http } }));
      },
      close() {
        batches?.flush();
        tries?.close();
        sender.close();
      },
      metrics: () => ({
        posted_total: posted,
        requests_total: sender.requests,
        sent_bytes_total: sender.sentBytes,
        ...(tries && { failed_total: tries.failed, retry_total: tries.retries }),
        ...(batches && { splits_total: batches.splits }),
      }),
    };
  },
});

/** A host that is an address can be looked at before a run. */
function deniedAddress(url: string, allow: readonly string[] | undefined): string | undefined {
  const { hostname, protocol, port: given } = sampleUrl(url);
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  const at = Number(given || (protocol === "https:" ? 443 : 80));
  if (isIP(address) === 0 || egressOf(allow)(address, at, address)) return undefined;
  return `egress does not allow ${address}: list it in egress.allow if that is meant`;
}

function check({ url, body, template, batch, tls, egress }: SinkConfig): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const fault = (path: string[], message: string | undefined) => {
    if (message !== undefined) issues.push({ path, message });
  };
  fault(["url"], addressFault(url) ?? deniedAddress(url, egress?.allow));
  if (body === "template" && template === undefined) fault(["body"], "body: template needs a template");
  if (template !== undefined) {
    fault(["template"], body === "template" ? templateFault(template) : "it is used with body: template only");
  }
  if (batch !== undefined && url.includes("{{"))
    fault(["batch"], "packets of one request cannot have addresses of their own");
  if (batch !== undefined && body === "template") fault(["batch"], "packets of a batch are payloads or whole packets");
  if (tls !== undefined && !/^https:/i.test(url)) fault(["tls"], "it needs an https:// address");
  if ((tls?.cert === undefined) !== (tls?.key === undefined)) fault(["tls"], "cert and key go together");
  return issues;
}

import * as v from "valibot";
import { ANY, type ConfigIssue, defineNode, type Emit, type Ports, port } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { derivedMeta } from "./copy_key.ts";
import { portName } from "./port_name.ts";

const config = v.strictObject({
  copies: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    v.description("Copies by `out`, made as room allows."),
  ),
  ports: v.pipe(
    v.optional(v.pipe(v.array(portName), v.minLength(1), v.maxLength(64))),
    v.description("Outputs that get one copy each, instead of `copies`."),
  ),
});

type Config = v.InferOutput<typeof config>;

export const duplicate = defineNode({
  name: "duplicate",
  kind: "transform",
  doc: `Makes copies that are facts of their own: each has its own packet id and a key derived from the packet's.

Two edges that leave one port carry the same packet twice, and whatever tells packets apart by their key, such as
\`dedup\` or a durable edge, takes it once. Copies pass as different ones. A copy's key is the packet's with
\`/<node id>/<number or port>\` behind it, so a packet that comes again gives the same keys again, and
\`meta.copy\` is \`{ index, count }\`. The predecessor's \`burst\` numbers copies for load tests.`,
  config,
  inputs: { in: port(ANY, "Packets to copy.") },
  passes: true,
  outputs: ({ ports }: Config): Ports =>
    Object.fromEntries((ports ?? ["out"]).map((name) => [name, port(ANY, ports ? "One copy." : "The copies.")])),
  examples: [
    {
      title: "One copy to keep and one to show",
      config: { ports: ["keep", "show"] },
      input: [{ source_id: "door", meta: { idempotency_key: "door-7" } }],
      output: {
        keep: [{ source_id: "door", meta: { idempotency_key: "door-7/node/keep", copy: { index: 0, count: 2 } } }],
        show: [{ source_id: "door", meta: { idempotency_key: "door-7/node/show", copy: { index: 1, count: 2 } } }],
      },
    },
    {
      title: "Twice the same way",
      config: { copies: 2 },
      input: [{ meta: { idempotency_key: "k" } }],
      output: {
        out: [
          { meta: { idempotency_key: "k/node/0", copy: { index: 0, count: 2 } } },
          { meta: { idempotency_key: "k/node/1", copy: { index: 1, count: 2 } } },
        ],
      },
    },
  ],
  check: portIssues,
  create({ copies, ports }, context) {
    const copy = (packet: StreamPacket, part: string | number, index: number, count: number) => {
      const { ts, kind, source_id, payload } = packet;
      const meta = derivedMeta(packet, context.nodeId, part, { copy: { index, count } });
      return context.packet({ ts, kind, source_id, payload, meta });
    };
    if (ports === undefined) {
      const count = copies!;
      function* all(packet: StreamPacket) {
        for (let index = 0; index < count; index++) yield copy(packet, index, index, count);
      }
      return { process: (packet) => all(packet) };
    }
    return {
      process(packet, emit: Emit) {
        for (const [index, name] of ports.entries()) emit[name]!(copy(packet, name, index, ports.length));
      },
    };
  },
});

function portIssues({ copies, ports }: Config): ConfigIssue[] {
  if ((copies === undefined) === (ports === undefined)) {
    return [{ path: [], message: "exactly one of copies and ports is needed", hint: "ports: [keep, show]" }];
  }
  const twice = (ports ?? []).findIndex((name, at) => ports!.indexOf(name) !== at);
  return twice === -1 ? [] : [{ path: ["ports", twice], message: `names the port "${ports![twice]}" twice` }];
}

import { type ConfigIssue, defineNode, type Ports, port } from "../../node/index.ts";
import { expressionIssues } from "../expression.ts";
import { type PartConfig, partConfig } from "./part_config.ts";
import { PartJoin } from "./part_join.ts";

const part = (index: number, celsius: number, id = "a") => ({
  payload: { celsius },
  meta: { split: { id, index, count: 2 } },
});

export const joinById = defineNode({
  name: "join_by_id",
  kind: "transform",
  stateVersion: 1,
  doc: `Puts the parts of a packet together again that was split, or sent along several ways.

Parts of \`split\` say themselves to which packet they belong, which place they have and how many there are. For a packet
that goes several ways \`parts\` names an input port for each; what arrives there with the same packet id belongs together.
\`key\` says otherwise what they have in common, and \`count\` how many there are. What leaves has the latest time of its parts, and the meta of the first.

When \`timeout\` is over, at the end of the input, and beyond \`max_groups\` and \`max_packets\` (the oldest first, counted as
\`evicted_total\`), what is there leaves with \`partial: true\` and the names that are \`missing\`, in meta and, but for
\`merged\`, in the payload. A part that comes when its packet has left goes out by \`late\`. The same part again takes the
place of the first. Sources that wait for the parts hear of them when what was made of them is done.`,
  config: partConfig,
  inputs: ({ parts }: PartConfig): Ports =>
    Object.fromEntries(
      (parts ?? ["in"]).map((name) => [
        name,
        port("*", parts === undefined ? "Parts." : `The part ${name}.`, "json_portable"),
      ]),
    ),
  passes: true,
  outputs: ({ kind }: PartConfig) => ({
    out: port(kind, "One packet for all parts.", "json_portable"),
    late: port("*", "Parts whose packet has left.", "json_portable"),
  }),
  examples: [
    {
      title: "What split has made two of; of another packet one part is missing",
      config: {},
      input: [part(1, 20), part(0, 31, "b"), part(0, 19)],
      output: {
        out: [
          { payload: { key: "a", parts: [{ celsius: 19 }, { celsius: 20 }] } },
          { payload: { key: "b", parts: [{ celsius: 31 }], partial: true, missing: ["1"] } },
        ],
        late: [],
      },
    },
    {
      title: "Two ways of one packet, each with a port of its own",
      config: { parts: ["boxes", "text"], as: "merged" },
      input: [
        { to: "text", packet_id: "7", payload: { plate: "B-X 1" } },
        { to: "boxes", packet_id: "7", payload: { box: [1, 2, 3, 4] } },
      ],
      output: { out: [{ payload: { box: [1, 2, 3, 4], plate: "B-X 1" } }], late: [] },
    },
  ],
  check: partIssues,
  create: (options, context) => new PartJoin(options, context),
});

function partIssues({ key, parts, count: expected }: PartConfig): ConfigIssue[] {
  const twice = parts?.find((name, at) => parts.indexOf(name) !== at);
  return [
    ...(key === undefined ? [] : expressionIssues(["key"], key)),
    ...(twice === undefined
      ? []
      : [{ path: ["parts"], message: `each part has a name of its own: "${twice}" is there twice` }]),
    ...(parts !== undefined && expected !== undefined
      ? [{ path: ["count"], message: "parts and count exclude each other: there are as many as have a name" }]
      : []),
  ];
}

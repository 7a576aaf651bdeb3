import { describe, expect, test } from "bun:test";
import { layered } from "../../src/cli/drawing/layers.ts";
import { BAD_GRAPH, cli, folderWith } from "../support/cli.ts";

const FAN = `version: 2
name: fan
nodes:
  - { id: s, plugin: generate_source }
  - { id: "end", plugin: rate_limit, config: { limit: 1 } }
  - { id: print_sink, plugin: print_sink }
  - { id: trash, plugin: null_sink }
edges:
  - { from: s, to: end }
  - { from: end, to: print_sink }
  - { from: end.excess, to: trash }
  - { from: s, to: trash }
`;

const drawn = async (...flags: string[]) => (await cli(["graph", "-", ...flags], { stdin: FAN })).stdout;

test("graph shows every node in packet order with where its ports lead", async () => {
  expect(await drawn()).toBe(`fan: 4 nodes, 4 edges

s           generate_source (source)
  .out -> end.in
  .out -> trash.in

end         rate_limit (policy)
  .out -> print_sink.in
  .excess -> trash.in

print_sink  print_sink (sink)

trash       null_sink (sink)
`);
});

test("graph says which edges keep their packets on disk", async () => {
  const stdin = FAN.replace("from: end, to: print_sink", "from: end, to: print_sink, durable: true");
  const { stdout } = await cli(["graph", "-"], { stdin });
  expect(stdout).toContain("  .out -> print_sink.in, durable\n  .excess -> trash.in\n");
  const { stdout: mermaid } = await cli(["graph", "-", "--format", "mermaid"], { stdin });
  expect(mermaid).toContain('  n1 -->|"durable"| n2\n  n1 -->|"excess"| n3\n');
});

test("graph names a port that leads nowhere", async () => {
  const { stdout } = await cli(["graph", "-"], { stdin: FAN.replace("  - { from: end.excess, to: trash }\n", "") });
  expect(stdout).toContain("  .excess is not connected\n");
});

test("graph --format mermaid numbers the nodes, since ids may be Mermaid's words", async () => {
  expect(await drawn("--format", "mermaid")).toBe(`flowchart LR
  n0(["s<br/>generate_source"])
  n1["end<br/>rate_limit"]
  n2[["print_sink"]]
  n3[["trash<br/>null_sink"]]
  n0 --> n1
  n1 --> n2
  n1 -->|"excess"| n3
  n0 --> n3
`);
});

test("graph --format json and --json give nodes and edges by name", async () => {
  const json = JSON.parse(await drawn("--json"));
  expect(json).toMatchObject({ schema_version: 1, name: "fan", path: "<stdin>", compat: false });
  expect(json.nodes[1]).toEqual({
    id: "end",
    plugin: "rate_limit",
    kind: "policy",
    inputs: ["in"],
    outputs: ["out", "excess"],
  });
  expect(json.edges[2]).toEqual({ from: { node: "end", port: "excess" }, to: { node: "trash", port: "in" } });
  expect(JSON.parse(await drawn("--format", "json"))).toEqual(json);
});

test("graph --format svg draws every node and edge once, with texts escaped", async () => {
  const svg = await drawn("--format", "svg");
  expect(svg.match(/<rect /g)).toHaveLength(4);
  expect(svg.match(/marker-end/g)).toHaveLength(4);
  expect(svg).toContain(">excess</text>");
  const odd = FAN.replaceAll("trash", "a_rather_long_name_for_a_node");
  const { stdout } = await cli(["graph", "-", "--format", "svg"], { stdin: odd });
  expect(stdout).toContain(">a_rather_long_name_…</text>");
});

test("graph prints the findings of a graph with an error and draws nothing", async () => {
  using graphs = folderWith({ "bad.yaml": BAD_GRAPH });
  const { code, stdout, stderr } = await cli(["graph", graphs.at("bad.yaml")]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("UNKNOWN_PLUGIN");
});

test("graph wants one graph when a Markdown file shows several", async () => {
  using docs = folderWith({ "two.md": `\`\`\`yaml\n${FAN}\`\`\`\n\n\`\`\`yaml\n${FAN}\`\`\`\n` });
  const { code, stderr } = await cli(["graph", docs.at("two.md")]);
  expect(code).toBe(2);
  expect(stderr).toContain("shows 2 graphs");
});

describe("layered()", () => {
  const edge = (from: number, to: number) => ({ from, to });

  test("leads every edge through each layer between its ends", () => {
    const edges = [edge(0, 1), edge(1, 2), edge(2, 3), edge(0, 3)];
    const { routes } = layered(4, edges);
    expect(routes.map((route) => route.map(({ layer }) => layer))).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
      [0, 1, 2, 3],
    ]);
    expect(routes[3]!.map(({ node }) => node)).toEqual([0, undefined, undefined, 3]);
  });

  test("uncrosses two edges by swapping their ends", () => {
    // In the order of the nodes, 0 -> 3 and 1 -> 2 would cross.
    const { layers } = layered(4, [edge(0, 3), edge(1, 2)]);
    expect(layers.map((layer) => layer.map(({ node }) => node))).toEqual([
      [0, 1],
      [3, 2],
    ]);
  });

  test("has no layers for no nodes", () => {
    expect(layered(0, [])).toEqual({ layers: [], routes: [] });
  });
});

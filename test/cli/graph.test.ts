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

const RING = `version: 2
name: ring
blackboard: { mode: { type: string, initial: day, persist: true } }
nodes:
  - { id: s, plugin: generate_source }
  - { id: a, plugin: filter, config: { when: 'cells.mode == "day"' } }
  - { id: b, plugin: cell_write, config: { cell: mode, cel: "'night'" } }
  - { id: back, plugin: delay, config: { packets: 1 } }
edges:
  - { from: s, to: a }
  - { from: a, to: b }
  - { from: b, to: back }
  - { from: back, to: a }
`;

test("graph shows in every format what closes a cycle, and who uses the cells of the blackboard", async () => {
  const drawnAs = async (format: string) => (await cli(["graph", "-", "--format", format], { stdin: RING })).stdout;
  const text = await drawnAs("text");
  expect(text).toContain("  .out -> back.in, closes a cycle\n");
  expect(text).toEndWith("blackboard\n  mode: string, persistent, written by b, read by a\n");
  const mermaid = await drawnAs("mermaid");
  expect(mermaid).toContain('n2 -->|"closes a cycle"| n3');
  expect(mermaid).toContain('b0[("mode<br/>string")]\n  n2 -.-> b0\n  b0 -.-> n1\n');
  const svg = await drawnAs("svg");
  expect(svg.match(/stroke-dasharray="6 3"/g)).toHaveLength(1);
  expect(svg.match(/stroke-dasharray="2 3"/g)).toHaveLength(2);
  expect(svg).toContain(">mode</text>");
  expect(svg).not.toContain("NaN");
  const json = JSON.parse(await drawnAs("json"));
  expect(json.edges.filter(({ feedback }: { feedback?: boolean }) => feedback)).toMatchObject([
    { to: { node: "back" } },
  ]);
  expect(json.blackboard).toMatchObject([{ name: "mode", readers: ["a"], writers: ["b"] }]);
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
    runtime: expect.objectContaining({ concurrency: 1, on_error: "dead_letter" }),
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

describe("the nodes of a file that a node brings in", () => {
  const PART = `version: 2
ports: { out: { out: end } }
nodes:
  - { id: s, plugin: generate_source }
  - { id: "end", plugin: rate_limit, config: { limit: 1 } }
edges: [{ from: s, to: end }]
`;
  const ROOM = "version: 2\nports: { out: { out: desk } }\nnodes: [{ id: desk, use: part.yaml }]\n";
  const HOUSE = `version: 2
nodes:
  - { id: hall, use: room.yaml }
  - { id: desk, use: part.yaml }
  - { id: sink, plugin: null_sink }
edges: [{ from: hall, to: sink }, { from: desk, to: sink }]
`;
  const draw = async (format: string) => {
    using house = folderWith({ "house.yaml": HOUSE, "room.yaml": ROOM, "part.yaml": PART });
    return (await cli(["graph", house.at("house.yaml"), "--format", format])).stdout;
  };

  test("have its id in front in text and JSON", async () => {
    expect(await draw("text")).toContain("hall/desk/s    generate_source (source)\n  .out -> hall/desk/end.in\n");
    expect(JSON.parse(await draw("json")).nodes.map(({ id }: { id: string }) => id)).toEqual([
      "hall/desk/s",
      "hall/desk/end",
      "desk/s",
      "desk/end",
      "sink",
    ]);
  });

  test("stand in a box of their own in Mermaid, boxes in boxes", async () => {
    expect(await draw("mermaid")).toBe(`flowchart LR
  n4[["sink<br/>null_sink"]]
  subgraph g0_["hall"]
    subgraph g0["desk"]
      n0(["s<br/>generate_source"])
      n1["end<br/>rate_limit"]
    end
  end
  subgraph g2["desk"]
    n2(["s<br/>generate_source"])
    n3["end<br/>rate_limit"]
  end
  n0 --> n1
  n2 --> n3
  n1 --> n4
  n3 --> n4
`);
  });

  test("have rows of their own in SVG, so that a box holds its nodes and nobody else's", async () => {
    const svg = await draw("svg");
    const rects = [...svg.matchAll(/<rect x="(.*?)" y="(.*?)" width="(.*?)" height="(.*?)"(.*?)\/>/g)].map(
      ([, x, y, width, height, rest]) => ({
        left: Number(x),
        top: Number(y),
        right: Number(x) + Number(width),
        bottom: Number(y) + Number(height),
        isBox: rest!.includes("dasharray"),
      }),
    );
    const [boxes, nodes] = [rects.filter(({ isBox }) => isBox), rects.filter(({ isBox }) => !isBox)];
    const inside = boxes.map((box) => {
      const touched = nodes.filter(
        (node) => node.left < box.right && node.right > box.left && node.top < box.bottom && node.bottom > box.top,
      );
      const whole = touched.filter(
        (node) => node.left > box.left && node.right < box.right && node.top > box.top && node.bottom < box.bottom,
      );
      return [touched.length, whole.length];
    });
    // hall, its desk, and the desk beside it.
    expect(inside).toEqual([
      [2, 2],
      [2, 2],
      [2, 2],
    ]);
    expect(nodes).toHaveLength(5);
    const height = Number(/height="(\d+)"/.exec(svg)![1]);
    expect(Math.max(...rects.map(({ bottom }) => bottom))).toBeLessThanOrEqual(height);
  });
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

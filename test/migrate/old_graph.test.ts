import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import type { GraphPlan } from "../../src/graph/index.ts";
import { WholeFloat } from "../../src/packet/index.ts";
import { ROOT } from "../support/binary.ts";
import { faults, oldProject } from "../support/migration.ts";

const SAMPLES = path.join(ROOT, "test/parity/graphs");
/** Its ROS 2 sink is no node here, so it is refused before and after. */
const WITHOUT_A_NODE = ["dev_webcam_yolo_person_follow_ros2_v2.yaml"];

/** What a run is made of: nodes with their configs and bounds, and where their packets go. */
const essence = ({ name, nodes, edges }: GraphPlan) => ({
  name,
  nodes: nodes.map(({ id, definition, config, runtime }) => ({
    id,
    node: definition.name,
    config: plain(config),
    runtime,
  })),
  edges: edges.map(({ from, to, fromPort, toPort, durable }) => ({ from, to, fromPort, toPort, durable })),
});

function plain(value: unknown): unknown {
  if (value instanceof WholeFloat) return value.valueOf();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

describe("a sample graph of the predecessor", () => {
  for (const file of fs.readdirSync(SAMPLES).filter((name) => !WITHOUT_A_NODE.includes(name))) {
    test(`${file} gives the same plan with our names, and needs no second migration`, async () => {
      using project = oldProject({ [file]: fs.readFileSync(path.join(SAMPLES, file), "utf8") });
      const env = { SS_SHOWCASE_QUEUE_PATH: "queue.sqlite3", SS_YOLO_CONF: "0.6" };
      const made = await project.migrate(file, { env });
      expect(faults(made)).toEqual([]);
      expect(made.text!.replace(/^#.*$/gm, "")).not.toContain("schnitzel_stream.");
      const [before, after] = await Promise.all([
        project.compile(file, undefined, env),
        project.compile(file, made.text, env),
      ]);
      expect(after.plan!.compat).toBe(false);
      expect(essence(after.plan!)).toEqual(essence(before.plan!));
      expect(await project.again(file, made.text!, env)).toMatchObject({ kind: "current", text: made.text! });
    });
  }

  test("with a node that is not here is refused at its place", async () => {
    const file = WITHOUT_A_NODE[0]!;
    using project = oldProject({ [file]: fs.readFileSync(path.join(SAMPLES, file), "utf8") });
    const made = await project.migrate(file);
    expect(made.text).toBeUndefined();
    expect(faults(made)).toEqual([expect.stringMatching(/^NODE_NOT_BUILT_IN_YET .*:\d+:13$/)]);
  });
});

const D = "schnitzel_stream.nodes.dev";
const GRAPH = `# Of the yard.
nodes:
  # Where it begins.
  - node_id: in put   # a name
    kind: source
    plugin: ${D}:StaticSource
    config:
      packets: [{ payload: "a # b" }]
      junk: 1
  - { id: out, plugin: "${D}:PrintSink", config: { prefix: "\${oc.env:P,x}", forward: "\${oc.env:F,false}", __runtime__: { inbox_max: 2, inbox_overflow: banana } } }
edges:
  # From there to here.
  - { src: in put, dst: out, src_port: left }
config: { a: 1 }
# The end.
`;

test("comments stay with what they are about, and what is not carried over is said with its place", async () => {
  using project = oldProject({ "g.yaml": GRAPH });
  const { text, leftOut } = await project.migrate("g.yaml");
  const [head, body] = [text!.slice(0, text!.indexOf("version:")), text!.slice(text!.indexOf("version:"))];
  expect(body).toBe(`version: 2
name: g
nodes:
  # Where it begins.
  # a name
  - id: in_put
    plugin: static_source
    config: { declare_kinds: false, packets: [{ payload: "a # b" }] }
  - id: out
    plugin: print_sink
    config:
      prefix: \${oc.env:P,x}
      forward: \${oc.env:F,false}
      format: python
    runtime: { inbox: { capacity: 2, overflow: drop_newest } }
edges:
  # From there to here.
  - { from: in_put, to: out }
# The end.
`);
  expect(head.trimEnd()).toEndWith("# Of the yard.");
  expect(leftOut.map(({ key, place }) => `${place.line} ${key}`)).toEqual([
    "4 id",
    "9 nodes[0].config.junk",
    "10 nodes[1].config.__runtime__.inbox_overflow",
    "13 src_port",
    "14 config",
  ]);
  for (const { key, place } of leftOut) expect(head).toContain(`g.yaml:${place.line}:${place.column} ${key}: `);
});

test("a variable that our node would read otherwise is filled in, and that is said", async () => {
  const sink = `{ id: o, plugin: "schnitzel_stream.nodes.http:HttpJsonSink", config: { url: "http://127.0.0.1:1/", timeout_sec: "\${oc.env:T,3}" } }`;
  using project = oldProject({
    "g.yaml": `nodes:\n  - { id: s, plugin: "${D}:StaticSource", kind: source }\n  - ${sink}\nedges: [{ from: s, to: o }]\n`,
  });
  const { text, leftOut } = await project.migrate("g.yaml", { env: { T: "7" } });
  expect(text).toContain("timeout_ms: 7000");
  expect(leftOut.map(({ reason }) => reason)).toContain('${oc.env:T,3} is filled in with what it is now, "7"');
});

test("a secret stays where it was", async () => {
  const config = `{ url: "http://127.0.0.1:1/", headers: { Authorization: "\${file:token}", X: "\${oc.env:API_TOKEN}" } }`;
  const sink = `{ id: o, plugin: "schnitzel_stream.nodes.http:HttpJsonSink", config: ${config} }`;
  using project = oldProject({
    "g.yaml": `nodes:\n  - { id: s, plugin: "${D}:StaticSource", kind: source }\n  - ${sink}\nedges: [{ from: s, to: o }]\n`,
    token: "hunter2",
  });
  const made = await project.migrate("g.yaml", { env: { API_TOKEN: "hunter3" } });
  expect(faults(made)).toEqual([]);
  expect(made.text).toContain("Authorization: ${file:token}");
  expect(made.text).toContain("X: ${oc.env:API_TOKEN}");
  expect(JSON.stringify(made)).not.toMatch(/hunter/);
});

test("a graph that ours would refuse is not given", async () => {
  using project = oldProject({
    "g.yaml": `version: 2\nnodes:\n  - { id: s, plugin: "${D}:StaticSource", kind: source }\nedges: [{ from: s, to: nobody }]\n`,
  });
  const made = await project.migrate("g.yaml");
  expect(made.text).toBeUndefined();
  expect(faults(made)).toEqual([expect.stringContaining("UNKNOWN_NODE")]);
});

const small = (...parts: string[]) => `version: 2\nnodes:\n${parts.join("\n")}\n`;
const SOURCE = `  - { id: s, kind: source, plugin: "${D}:StaticSource" }`;
const SINK = `  - { id: o, kind: sink, plugin: "${D}:PrintSink" }`;

test("an id that stands twice and an edge to nobody are told in the old file, each at its place", async () => {
  using project = oldProject({
    "twice.yaml": small(SOURCE, SOURCE, SINK, "edges: [{ from: s, to: o }]"),
    "nobody.yaml": small(SOURCE, SINK, "edges: [{ from: s, to: o }, { from: s, to: x }]"),
  });
  expect(faults(await project.migrate("twice.yaml"))).toEqual(["DUPLICATE_ID twice.yaml:4:11"]);
  expect(faults(await project.migrate("nobody.yaml"))).toEqual(["UNKNOWN_NODE nobody.yaml:5:44"]);
});

test("keys that a node or an edge of the predecessor did not have are told, and a durable edge stays one", async () => {
  const sink = SINK.replace(" }", ", color: red, config: [1] }");
  using project = oldProject({
    "g.yaml": small(SOURCE, sink, "edges: [{ from: s, to: o, weight: 3, durable: true }]"),
  });
  const made = await project.migrate("g.yaml");
  expect(made.leftOut.map(({ key }) => key).sort()).toEqual(["edges[0].weight", "nodes[1].color", "nodes[1].config"]);
  expect(made.text).toContain("{ from: s, to: o, durable: true }");
});

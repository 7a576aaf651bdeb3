import { expect, test } from "bun:test";
import { project } from "./project.ts";

const X = "schnitzel_stream.packs.experiments.nodes";

/** As the predecessor's benchmark built its graphs: source, burst, scoring with an inbox, sink. */
const GRAPH = `version: 2
nodes:
  - id: source
    kind: source
    plugin: "${X}:SyntheticRiskEventSource"
    config: { seed: 1, groups: [a, b], total_events: 5, burst_every: 2, burst_size: 3 }
  - { id: burst, plugin: "schnitzel_stream.nodes.dev:BurstNode", config: { count: 1 } }
  - id: score
    plugin: "${X}.backpressure:SlowScoringNode"
    config: { delay_ms: "0", __runtime__: { inbox_max: 64, inbox_overflow: drop_new } }
  - { id: lines, kind: sink, plugin: "${X}:BackpressureMetricsSink", config: { output_path: out/lines.jsonl } }
edges:
  - { from: source, to: burst }
  - { from: burst, to: score }
  - { from: score, to: lines }
`;

test("a graph of the experiments pack gives the predecessor's groups, and its lines", async () => {
  using old = project();
  old.write("g.yaml", GRAPH);
  old.makeFolder("out");
  const { code, stderr, metrics, counts } = await old.run("g.yaml");
  expect(`${code} ${stderr}`).toStartWith("0 ");
  expect(counts).toBe("33/33/11");
  expect(metrics).toMatchObject({
    "node.source.expected_total": 11,
    "node.score.processed_total": 11,
    "node.lines.written_total": 11,
  });
  const lines = old
    .read("out/lines.jsonl")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.map(({ group_id }) => group_id).join("")).toBe("abbaaabbaab");
  expect(Object.keys(lines[0])).toEqual(
    "node_id packet_id seq group_id source_id kind logical_ts_ms latency_ms observed_mono_ns emitted_mono_ns recovery_marker".split(
      " ",
    ),
  );
  expect(lines[10]).toMatchObject({ node_id: "lines", seq: 10, source_id: "synthetic_source", logical_ts_ms: 40 });
});

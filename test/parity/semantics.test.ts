import { describe, expect, test } from "bun:test";
import { project } from "./project.ts";

const DEV = "schnitzel_stream.nodes.dev";
const VISION = "schnitzel_stream.packs.vision.nodes";

const source = (id: string, packets: string) =>
  `  - { id: ${id}, kind: source, plugin: "${DEV}:StaticSource", config: { packets: [${packets}] } }\n`;
const node = (id: string, plugin: string, config = "{}") =>
  `  - { id: ${id}, plugin: "${plugin}", config: ${config} }\n`;
const graph = (nodes: string, edges: string) =>
  `version: 2\nnodes:\n${nodes}edges:\n${edges
    .split(", ")
    .map((edge) => edge.replace(/(\S+) -> (\S+)/, "  - { from: $1, to: $2 }\n"))
    .join("")}`;

async function runGraph(text: string, env: Record<string, string> = {}, ...flags: string[]) {
  using old = project();
  old.write("g.yaml", text);
  return await old.run("g.yaml", env, ...flags);
}

const payloads = (printed: string[]) => printed.map((line) => JSON.parse(line.slice(line.indexOf("{"))).payload);
const order = (printed: string[]) =>
  printed.map((line) => JSON.parse(line)).map(({ source_id, payload }) => `${source_id}${payload}`);

const THREE = graph(
  source("a", "{ payload: 0 }, { payload: 1 }, { payload: 2 }") +
    source("b", "{ payload: 0 }") +
    source("c", "{ payload: 0 }, { payload: 1 }, { payload: 2 }") +
    node("out", `${DEV}:PrintSink`),
  "a -> out, b -> out, c -> out",
);

describe("as in the predecessor,", () => {
  test("sources take turns, and one that is done leaves the round", async () => {
    expect(order((await runGraph(THREE)).printed)).toEqual(["a0", "b0", "c0", "a1", "c1", "a2", "c2"]);
  });

  test.each([
    ["4", ["a0", "b0", "c0", "a1"]],
    ["0", []],
    ["-1", []],
  ])("--max-events %s bounds what all sources send together", async (limit, expected) => {
    const { code, printed } = await runGraph(THREE, {}, "--max-events", limit);
    expect([code, order(printed)]).toEqual([0, expected]);
  });

  test("an edge that stands twice delivers twice", async () => {
    const text = graph(source("s", "{ payload: 0 }") + node("out", `${DEV}:PrintSink`), "s -> out, s -> out");
    expect(order((await runGraph(text)).printed)).toEqual(["s0", "s0"]);
  });

  // How branches mix where they meet is the scheduler's own business.
  test("copies of a burst reach every branch, each branch in order", async () => {
    const nodes = [
      source("s", "{ payload: 0 }"),
      node("b", `${DEV}:BurstNode`, "{ count: 2 }"),
      ...["x", "y"].map((id) => node(id, `${DEV}:PrintSink`, `{ prefix: ${id}, forward: true }`)),
      node("z", `${DEV}:PrintSink`, "{ prefix: z }"),
    ];
    const { printed, counts } = await runGraph(graph(nodes.join(""), "s -> b, b -> x, b -> y, x -> z, y -> z"));
    const seen = (id: string) =>
      printed.filter((line) => line.startsWith(id)).map((line) => JSON.parse(line.slice(1)).meta.burst_seq);
    expect([seen("x"), seen("y"), seen("z").toSorted()]).toEqual([
      [0, 1],
      [0, 1],
      [0, 0, 1, 1],
    ]);
    expect(counts).toBe("9/7/1");
  });

  test.each([
    ["drop_new", [0, 1]],
    ["drop_oldest", [3, 4]],
    ["banana", [0, 1]],
  ])("a burst of five into an inbox of two under %s keeps %p and drops three", async (policy, kept) => {
    const nodes = [
      source("s", "{ payload: 0, meta: { idempotency_key: k } }"),
      node("b", `${DEV}:BurstNode`, "{ count: 5 }"),
      node("out", `${DEV}:PrintSink`, `{ __runtime__: { inbox_max: 2, inbox_overflow: ${policy} } }`),
    ];
    const { printed, metrics } = await runGraph(graph(nodes.join(""), "s -> b, b -> out"));
    expect(printed.map((line) => JSON.parse(line).meta)).toEqual(
      kept.map((burst_seq) => ({ idempotency_key: "k", burst_seq })),
    );
    expect(metrics).toMatchObject({ "packets.dropped_total": 3, "node.out.inbox_dropped_total": 3 });
  });

  test("inbox_overflow error ends the run, and here the report tells it", async () => {
    const nodes = [
      source("s", "{ payload: 0 }"),
      node("b", `${DEV}:BurstNode`, "{ count: 5 }"),
      node("out", `${DEV}:PrintSink`, "{ __runtime__: { inbox_max: 2, inbox_overflow: error } }"),
    ];
    const { code, report } = await runGraph(graph(nodes.join(""), "s -> b, b -> out"));
    expect(code).toBe(1);
    expect(report).toMatchObject({ status: "error", error: expect.stringContaining('inbox "out.in" is full') });
  });

  test("the events of one list of detections meet a bounded inbox together", async () => {
    const detection = (track: number) =>
      `{ bbox: { x1: 0, y1: 0, x2: 1, y2: 1 }, confidence: 1, event_type: A, object_type: CAR, severity: LOW, track_id: ${track} }`;
    const nodes = [
      source("s", `{ kind: detection, ts: t, payload: [${[0, 1, 2, 3].map(detection).join(", ")}] }`),
      node("e", `${VISION}:ProtocolV02EventBuilderNode`, "{ site_id: S }"),
      node("out", `${DEV}:PrintSink`, "{ __runtime__: { inbox_max: 1, inbox_overflow: drop_oldest } }"),
    ];
    const { printed } = await runGraph(graph(nodes.join(""), "s -> e, e -> out"));
    expect(payloads(printed).map((event) => event.track_id)).toEqual([3]);
  });

  test("dedup lets every change of severity through, and events without a type always", async () => {
    const event = (fields: string) => `{ kind: event, payload: { camera_id: c, ${fields} } }`;
    const severities = ["LOW", "LOW", "HIGH", "HIGH", "LOW"].map((severity) =>
      event(`event_type: A, track_id: 0, severity: ${severity}`),
    );
    const nodes = [
      source("s", [...severities, event("n: 1"), event("n: 2"), event("event_type: A, severity: LOW")].join(", ")),
      node("d", `${VISION}:DedupPolicyNode`, "{ cooldown_sec: 60 }"),
      node("out", `${DEV}:PrintSink`),
    ];
    const { printed } = await runGraph(graph(nodes.join(""), "s -> d, d -> out"));
    expect(payloads(printed).map(({ severity, n, track_id }) => n ?? `${severity}${track_id ?? "na"}`)).toEqual([
      "LOW0",
      "HIGH0",
      "LOW0",
      1,
      2,
      "LOWna",
    ]);
  });

  test("zones take the bottom centre or the centre, the first that fits, and skip what is off or too small", async () => {
    const square = (x: number, y: number) =>
      `[[${x}, ${y}], [${x + 10}, ${y}], [${x + 10}, ${y + 10}], [${x}, ${y + 10}]]`;
    const zones = [
      `{ zone_id: off, enabled: false, polygon: ${square(0, 0)} }`,
      "{ zone_id: line, polygon: [[0, 0], [10, 10]] }",
      `{ zone_id: first, polygon: ${square(0, 0)} }`,
      `{ zone_id: second, polygon: ${square(5, 5)} }`,
    ];
    const event = (type: string, box: string) => `{ kind: event, payload: { event_type: ${type}, bbox: ${box} } }`;
    const nodes = [
      source(
        "s",
        [
          event("A", "{ x1: 6, y1: 0, x2: 8, y2: 12 }"),
          event("FIRE", "{ x1: 6, y1: 0, x2: 8, y2: 12 }"),
          event("A", "{ x1: 6, y1: 6, x2: 8, y2: 8 }"),
          event("A", "{}"),
          event("A", "{ x1: 50, y1: 50, x2: 60, y2: 60 }"),
        ].join(", "),
      ),
      node("z", `${VISION}:ZonePolicyNode`, `{ zones: [${zones.join(", ")}], rule_map: { FIRE: bbox_center } }`),
      node("out", `${DEV}:PrintSink`),
    ];
    const { printed, metrics } = await runGraph(graph(nodes.join(""), "s -> z, z -> out"));
    expect(payloads(printed).map(({ zone }) => zone)).toEqual([
      { zone_id: "second", inside: true },
      { zone_id: "first", inside: true },
      { zone_id: "first", inside: true },
      { zone_id: "", inside: false },
      { zone_id: "", inside: false },
    ]);
    expect(metrics).toMatchObject({ "node.z.processed_total": 5, "node.z.inside_total": 3 });
  });

  test("a file's name keeps the last segment only, and a time gets dashes", async () => {
    using old = project();
    old.write(
      "g.yaml",
      graph(
        source("s", `{ source_id: ../a/b, kind: k, ts: "2026-02-14T00:00:00Z", payload: 1 }, { payload: 2, ts: x }`) +
          node(
            "f",
            "schnitzel_stream.nodes.file_sink:JsonFileSink",
            `{ dir: d, filename_template: "{seq:02d}_{source_id}_{ts}.json" }`,
          ),
        "s -> f",
      ),
    );
    expect((await old.run("g.yaml")).code).toBe(0);
    expect(old.list("d")).toEqual(["01_s_x.json", "b_2026-02-14T00-00-00Z.json"]);
  });
});

const VALUES: readonly [written: string, expected: string][] = [
  // Interpolated values are text, whatever they look like; defaults are spelled as Python spells them.
  ["${oc.env:SET}", '"5"'],
  ["${oc.env:TRUTH}", '"true"'],
  ["${oc.env:SET,1}", '"5"'],
  ["${oc.env:X,0}", '"0"'],
  ["${oc.env:X,false}", '"False"'],
  ["${oc.env:X,0.35}", '"0.35"'],
  ["${oc.env:X,1e3}", '"1000.0"'],
  ["${oc.env:X,null}", "null"],
  ["${oc.env:X,}", '""'],
  ["${oc.env:X,   spaced out  }", '"spaced out"'],
  ["${oc.env:X,rtsp://127.0.0.1:8554/a b}", '"rtsp://127.0.0.1:8554/a b"'],
  ["${oc.env:X,${oc.env:SET,none}}", '"5"'],
  ["\"${oc.env:X,'a, b'}\"", '"a, b"'],
  ['"<${oc.env:SET}-${oc.env:X,false}>"', '"<5-False>"'],
  ["${oc.decode:${oc.env:SET}}", "5"],
  ["${oc.decode:'[1, yes, 2.0]'}", "[1, true, 2.0]"],
  ["${nodes[0].id}", '"s"'],
  ["${..kind}", '"demo"'],
  ["\\${oc.env:SET}", '"${oc.env:SET}"'],
  // Scalars of YAML 1.1, times kept as text.
  ["2026-02-14", '"2026-02-14"'],
  ["2026-02-14T00:00:00Z", '"2026-02-14T00:00:00Z"'],
  ["yes", "true"],
  ["Off", "false"],
  ["010", "8"],
  ["0x10", "16"],
  ["12:30:45", "45045"],
  ["1e3", "1000.0"],
  ["20.0", "20.0"],
  ["1_000", "1000"],
  ["???", '"???"'],
  ["~", "null"],
];

test("values and interpolations of a whole graph become what they became in the predecessor", async () => {
  const fields = VALUES.map(([written], at) => `            k${at}: ${written}\n`).join("");
  const expected = VALUES.map(([, value], at) => `"k${at}": ${value}`).join(", ");
  using old = project();
  old.write(
    "g.yaml",
    `version: 2
nodes:
  - id: s
    kind: source
    plugin: \${oc.env:PLUGIN,${DEV}:StaticSource}
    config:
      packets:
        - kind: demo
          payload:
${fields}  - { id: f, plugin: "schnitzel_stream.nodes.file_sink:JsonlSink", config: { path: out.jsonl, body: payload } }
edges: [{ from: s, to: f }]
`,
  );
  expect((await old.run("g.yaml", { SET: "5", TRUTH: "true" })).code).toBe(0);
  expect(old.read("out.jsonl")).toBe(`{${expected}}\n`);
});

test.each([
  ["${oc.env:NOT_SET_ANYWHERE}", "UNDEFINED_VARIABLE"],
  ["${oc.env:X,a,b}", "BAD_INTERPOLATION"],
  ["${no.such.key}", "BAD_INTERPOLATION"],
  ["${.nosuch}", "UNDEFINED_VARIABLE"],
  ["${oc.nosuch:X}", "BAD_INTERPOLATION"],
])("%s is an error, as it was", async (written, code) => {
  const text = graph(source("s", `{ payload: "${written}" }`) + node("out", `${DEV}:PrintSink`), "s -> out");
  const { code: exit, stderr } = await runGraph(text);
  expect(exit).toBe(2);
  expect(stderr).toMatch(new RegExp(`^g\\.yaml:3:\\d+ ${code}`));
});

test("a number from the environment is a number where the node wants one", async () => {
  const text = graph(
    source("s", "{ payload: 0 }") +
      node("b", `${DEV}:BurstNode`, '{ count: "${oc.env:N}" }') +
      node("out", `${DEV}:PrintSink`),
    "s -> b, b -> out",
  );
  const { code, counts } = await runGraph(text, { N: "3" });
  expect([code, counts]).toEqual([0, "4/4/1"]);
});

test("False from a default is false, and as the predecessor took it for true, a warning says so", async () => {
  const text = graph(
    source("s", "{ payload: 0 }") + node("out", `${DEV}:PrintSink`, '{ forward: "${oc.env:X,false}" }'),
    "s -> out",
  );
  const { counts, stderr } = await runGraph(text);
  expect(counts).toBe("1/1/1");
  expect(stderr).toContain('COERCED (warning)\nIn node "out" (print_sink), config.forward reads "False" as false\n');
});

import { describe, expect, test } from "bun:test";
import { compile, found, graphWithLimit } from "../support/graph.ts";

const NODES = "nodes:\n  - { id: c, plugin: counter }\n  - { id: s, plugin: show }\n";
const EDGES = "edges:\n  - { from: c, to: s }\n";

async function codes(text: string) {
  return (await compile(text)).diagnostics.map(({ code }) => code);
}

describe("version", () => {
  test.each([
    ["version: 2\n", []],
    ["", ["VERSION_MISSING"]],
    ["version: 3\n", ["BAD_VERSION"]],
    ["version: '2'\n", ["BAD_VERSION"]],
    ["version: 2.5\n", ["BAD_VERSION"]],
    ["version: two\n", ["BAD_VERSION"]],
    ["version:\n", ["BAD_VERSION"]],
    ["version: true\n", ["BAD_VERSION"]],
    ["version: 1\n", ["V1_GRAPH"]],
  ])("%p gives %p", async (version, expected) => {
    expect(await codes(version + NODES + EDGES)).toEqual(expected as never[]);
  });

  test("a missing version does not hide other faults", async () => {
    expect(await codes(`${NODES}edges: [{ from: c, to: nowhere }]\n`)).toContain("UNKNOWN_NODE");
  });

  test.each(["version: 1\njob: a.b:Job\n", "job: a.b:Job\nconfig: {}\n", "version: '1'\njob: x\n"])(
    "%p is a job of version 1",
    async (text) => {
      const { diagnostics } = await compile(text);
      expect(diagnostics).toMatchObject([
        { code: "V1_GRAPH", message: expect.stringContaining("only version 2 graphs run") },
      ]);
    },
  );
});

describe("aliases", () => {
  test("of ids and edge ends are accepted", async () => {
    const { plan, diagnostics } = await compile(`version: 2
nodes:
  - { node_id: c, plugin: counter }
  - { node_id: l, plugin: limit, config: { limit: 1 } }
  - { node_id: s, plugin: show }
edges:
  - { src: c, dst: l, src_port: out, dst_port: in }
  - { from: l, to: s, from_port: excess, to_port: in }
`);
    expect(diagnostics).toEqual([]);
    expect(plan!.edges).toMatchObject([
      { from: 0, fromPort: "out", to: 1, toPort: "in" },
      { from: 1, fromPort: "excess", to: 2, toPort: "in" },
    ]);
  });

  test.each([
    ["{ id: c, node_id: x, plugin: counter }", "{ from: c, to: s }"],
    ["{ id: c, plugin: counter }", "{ src: c, from: x, to: s }"],
    ["{ id: c, plugin: counter }", "{ from: c, dst: s, to: x }"],
    ["{ id: c, plugin: counter }", "{ from: c, to: s, src_port: out, from_port: x }"],
    ["{ id: c, plugin: counter }", "{ from: c, to: s, dst_port: in, to_port: x }"],
  ])("side by side: the first name wins in %s %s, with a warning", async (node, edge) => {
    const { plan, diagnostics } = await compile(
      `version: 2\nnodes:\n  - ${node}\n  - { id: s, plugin: show }\nedges:\n  - ${edge}\n`,
    );
    expect(plan).toBeDefined();
    expect(diagnostics).toMatchObject([{ code: "SHADOWED_ALIAS", severity: "warning" }]);
  });

  test("that win with null are an error all the same", async () => {
    const { diagnostics } = await compile(`version: 2\n${NODES}edges:\n  - { src: null, from: c, to: s }\n`);
    expect(diagnostics.map(({ code }) => code)).toContain("BAD_SHAPE");
  });

  test("of overflow mean the same", async () => {
    const overflow = async (word: string) => {
      const { plan } = await compile(graphWithLimit("{ limit: 1 }", `    runtime: { inbox: { overflow: ${word} } }\n`));
      return plan!.nodes[1]!.runtime.inbox.overflow;
    };
    expect(await overflow("drop_new")).toBe("drop_newest");
    expect(await overflow("error")).toBe("fail");
  });

  test("config.__runtime__ is another place for runtime, with the old keys", async () => {
    const { plan, diagnostics } = await compile(
      graphWithLimit("{ limit: 1, __runtime__: { inbox_max: 3, inbox_overflow: drop_oldest, concurrency: 4 } }"),
    );
    expect(diagnostics).toEqual([]);
    expect(plan!.nodes[1]).toMatchObject({
      config: { limit: 1 },
      runtime: { inbox: { capacity: 3, overflow: "drop_oldest" }, concurrency: 4 },
    });
  });

  test("config.__runtime__ loses against runtime", async () => {
    const { plan, diagnostics } = await compile(
      graphWithLimit("{ limit: 1, __runtime__: { inbox_max: 3 } }", "    runtime: { inbox: { capacity: 5 } }\n"),
    );
    expect(plan!.nodes[1]!.runtime.inbox.capacity).toBe(5);
    expect(diagnostics.map(({ code }) => code)).toEqual(["SHADOWED_ALIAS"]);
  });

  test("old inbox keys are unknown in runtime itself", async () => {
    expect(await codes(graphWithLimit("{ limit: 1 }", "    runtime: { inbox_max: 3 }\n"))).toEqual(["UNKNOWN_KEY"]);
  });
});

describe("runtime", () => {
  test("has documented defaults", async () => {
    const { plan } = await compile(graphWithLimit("{ limit: 1 }"));
    expect(plan!.nodes[1]!.runtime).toEqual({
      inbox: { capacity: 256, max_bytes: 64 * 1024 * 1024, overflow: "block" },
      concurrency: 1,
      ordered: true,
      on_error: "dead_letter",
      max_retries: 3,
      restart: { max_restarts: 0, window_sec: 60, backoff_ms: 500, backoff_max_ms: 30_000 },
    });
  });

  test.each([
    ["64MiB", 64 * 1024 * 1024],
    ["2GB", 2e9],
    ["1.5 KiB", 1536],
    ["10b", 10],
    ["4096", 4096],
  ])("takes %s as a size", async (written, bytes) => {
    const { plan } = await compile(
      graphWithLimit("{ limit: 1 }", `    runtime: { inbox: { max_bytes: ${written} } }\n`),
    );
    expect(plan!.nodes[1]!.runtime.inbox.max_bytes).toBe(bytes);
  });

  test.each([
    "max_bytes: 5XB",
    "max_bytes: 0",
    "max_bytes: -1MiB",
    "capacity: 0",
    "capacity: 1.5",
    "capacity: 65537",
    "overflow: banana",
  ])("refuses inbox { %s }", async (written) => {
    const { diagnostics } = await compile(graphWithLimit("{ limit: 1 }", `    runtime: { inbox: { ${written} } }\n`));
    expect(found(diagnostics)).toEqual([`BAD_SHAPE@7:${25 + written.indexOf(":") + 2}`]);
  });

  test("weighted_drop keeps its weights", async () => {
    const { plan } = await compile(
      graphWithLimit(
        "{ limit: 1 }",
        "    runtime: { inbox: { overflow: weighted_drop, weights: { key: zone, values: { a: 2 } } } }\n",
      ),
    );
    expect(plan!.nodes[1]!.runtime.inbox.weights).toEqual({ key: "zone", values: { a: 2 }, fallback: 1 });
  });

  test("weighted_drop without weights is refused", async () => {
    expect(
      await codes(graphWithLimit("{ limit: 1 }", "    runtime: { inbox: { overflow: weighted_drop } }\n")),
    ).toEqual(["MISSING_KEY"]);
  });

  test("that never acts is a warning", async () => {
    const { plan, diagnostics } = await compile(`version: 2
nodes:
  - { id: c, plugin: counter, runtime: { inbox: { capacity: 2 }, restart: { max_restarts: 3 } } }
  - { id: s, plugin: show, runtime: { restart: { max_restarts: 3 } } }
${EDGES}`);
    expect(plan).toBeDefined();
    expect(found(diagnostics)).toEqual(["RUNTIME_UNUSED@3:42", "RUNTIME_UNUSED@4:39"]);
  });
});

describe("an unknown key", () => {
  test.each([
    ["at the top", `version: 2\nnodse: []\n${NODES}${EDGES}`, "UNKNOWN_KEY@2:1", 'did you mean "nodes"?'],
    [
      "of a node",
      `version: 2\nnodes:\n  - { id: c, plugin: counter, confg: {} }\n`,
      "UNKNOWN_KEY@3:31",
      'did you mean "config"?',
    ],
    [
      "of an edge",
      `version: 2\n${NODES}edges:\n  - { from: c, too: s, to: s }\n`,
      "UNKNOWN_KEY@6:16",
      'did you mean "to"?',
    ],
    [
      "of runtime",
      graphWithLimit("{ limit: 1 }", "    runtime: { onerror: drop }\n"),
      "UNKNOWN_KEY@7:16",
      'did you mean "on_error"?',
    ],
    [
      "of inbox",
      graphWithLimit("{ limit: 1 }", "    runtime: { inbox: { capcity: 1 } }\n"),
      "UNKNOWN_KEY@7:25",
      'did you mean "capacity"?',
    ],
    [
      "of restart",
      `version: 2\nnodes:\n  - { id: c, plugin: counter, runtime: { restart: { max: 1 } } }\n`,
      "UNKNOWN_KEY@3:53",
      undefined,
    ],
    ["of http", `version: 2\nhttp: { listen: 'a:1', port: 1 }\n${NODES}${EDGES}`, "UNKNOWN_KEY@2:24", undefined],
    ["of a config", graphWithLimit("{ limit: 1, windw_ms: 2 }"), "UNKNOWN_KEY@6:25", 'did you mean "window_ms"?'],
    [
      "deep in a config",
      graphWithLimit("{ limit: 1, inner: { ration: 2 } }"),
      "UNKNOWN_KEY@6:34",
      'did you mean "ratio"?',
    ],
  ])("%s is an error at the key", async (_, text, place, hint) => {
    const { diagnostics } = await compile(text);
    expect(found(diagnostics)).toEqual([place]);
    if (hint !== undefined) expect(diagnostics[0]!.hint).toBe(hint);
  });
});

test("a fault in one key of a node does not hide those in its config", async () => {
  const nodes =
    "  - { id: c, plugin: counter, note: x, kind: sauce, config: { cuont: 1 }, runtime: { onerror: drop } }\n";
  const { diagnostics } = await compile(`version: 2\nnodes:\n${nodes}`);
  expect(found(diagnostics)).toEqual([
    "UNKNOWN_KEY@3:31",
    "BAD_SHAPE@3:46",
    "UNKNOWN_KEY@3:63",
    "UNKNOWN_KEY@3:86",
    "RUNTIME_UNUSED@3:86",
  ]);
});

describe("a wrong shape", () => {
  test.each([
    ["nodes that are a map", "version: 2\nnodes: { a: b }\n", "BAD_SHAPE@2:1"],
    ["edges that are text", `version: 2\n${NODES}edges: none\n`, "BAD_SHAPE@5:8"],
    ["a node that is text", "version: 2\nnodes:\n  - hello\n", "BAD_SHAPE@3:5"],
    ["an edge that is a list", `version: 2\n${NODES}edges:\n  - [c, s]\n`, "BAD_SHAPE@6:6"],
    ["a numeric id", "version: 2\nnodes:\n  - { id: 5, plugin: counter }\n", "BAD_SHAPE@3:11"],
    ["a blank plugin", "version: 2\nnodes:\n  - { id: a, plugin: ' ' }\n", "BAD_SHAPE@3:22"],
    ["an unknown kind", "version: 2\nnodes:\n  - { id: a, plugin: counter, kind: sauce }\n", "BAD_SHAPE@3:37"],
    ["a config that is a list", "version: 2\nnodes:\n  - { id: a, plugin: counter, config: [1] }\n", "BAD_SHAPE@3:40"],
    ["a runtime that is text", "version: 2\nnodes:\n  - { id: a, plugin: counter, runtime: fast }\n", "BAD_SHAPE@3:40"],
    ["vars that are a list", `version: 2\nvars: [1]\n${NODES}${EDGES}`, "BAD_SHAPE@2:1"],
    ["a name with a slash", `version: 2\nname: a/b\n${NODES}${EDGES}`, "BAD_SHAPE@2:7"],
    ["an address without a port", `version: 2\nhttp: { listen: localhost }\n${NODES}${EDGES}`, "BAD_SHAPE@2:17"],
    ["a node without plugin", "version: 2\nnodes:\n  - { id: a }\n", "MISSING_KEY@3:7"],
    ["a node without id", "version: 2\nnodes:\n  - { plugin: counter }\n", "MISSING_KEY@3:7"],
    ["an edge without end", `version: 2\n${NODES}edges:\n  - { from: c }\n`, "MISSING_KEY@6:7"],
  ])("%s is refused at its place", async (_, text, place) => {
    expect(found((await compile(text)).diagnostics)).toEqual([place]);
  });

  test("a node that cannot be read does not make its edges lead nowhere", async () => {
    const { diagnostics } = await compile(
      `version: 2\nnodes:\n  - { id: c, plugin: counter }\n  - { id: s, plugn: show }\n${EDGES}`,
    );
    expect(diagnostics.map(({ code }) => code).sort()).toEqual(["MISSING_KEY", "UNKNOWN_KEY"]);
  });
});

describe("what is not built yet", () => {
  test.each([
    ["placement", `version: 2\nplacement: {}\n${NODES}${EDGES}`],
    ["mesh", `version: 2\nmesh: {}\n${NODES}${EDGES}`],
    ["network", `version: 2\n${NODES.replace("plugin: counter", "plugin: counter, network: {}")}${EDGES}`],
    ["offload", graphWithLimit("{ limit: 1 }", "    runtime: { offload: worker }\n")],
    ["inbox", `version: 2\n${NODES}edges:\n  - { from: c, to: s, inbox: {} }\n`],
  ])("%s is refused by that name", async (key, text) => {
    const { diagnostics } = await compile(text);
    expect(diagnostics).toMatchObject([{ code: "NOT_BUILT_IN_YET", message: expect.stringContaining(`"${key}"`) }]);
  });
});

describe("the plan's head", () => {
  test("takes its name from the file when the graph has none", async () => {
    const name = async (path: string) => (await compile(`version: 2\n${NODES}${EDGES}`, { path })).plan!.name;
    expect(await name("graphs/yard.v2.yaml")).toBe("yard.v2");
    expect(await name("my graph (1).yml")).toBe("my_graph_1_");
    expect(await name("<demo>")).toBe("demo");
    expect(await name("...yaml")).toBe("graph");
  });

  test("has the hash of the text and the places of nodes and edges", async () => {
    const { plan } = await compile(`version: 2\n${NODES}${EDGES}`);
    expect(plan!.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(plan!.nodes[1]!.place).toMatchObject({ file: "yard.yaml", line: 4, column: 11 });
    expect(plan!.edges[0]!.place).toMatchObject({ line: 6 });
    expect(Object.isFrozen(plan)).toBe(true);
  });

  test("counts lines from where the text was cut out", async () => {
    const { diagnostics } = await compile("version: 3\nnodes: []\n", { lineOffset: 40 });
    expect(found(diagnostics)).toContain("BAD_VERSION@41:10");
  });
});

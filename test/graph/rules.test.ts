import { describe, expect, test } from "bun:test";
import { cyclicGroups, topologicalRanks } from "../../src/graph/topology.ts";
import { OLD } from "../support/catalogue.ts";
import { compile, found } from "../support/graph.ts";

/** A graph written short: `id plugin {config}` per node and `from > to` per edge. */
async function check(nodes: string[], edges: string[], head = "") {
  const nodeLines = nodes.map((node) => {
    const [id, plugin, ...config] = node.split(" ");
    return `  - { id: "${id}", plugin: ${plugin}, config: ${config.join(" ") || "{}"} }\n`;
  });
  const edgeLines = edges.map((edge) => `  - { from: ${edge.split(" > ")[0]}, to: ${edge.split(" > ")[1]} }\n`);
  return compile(
    `version: 2\n${head}nodes:\n${nodeLines.join("")}edges:${edgeLines.length ? `\n${edgeLines.join("")}` : " []\n"}`,
  );
}

async function codes(nodes: string[], edges: string[]) {
  return (await check(nodes, edges)).diagnostics.map(({ code }) => code);
}

const ONE = "{ limit: 1 }";

describe("ids", () => {
  test.each(["cam.front", "1cam", "cam 1", "카메라", "-a", "x".repeat(129)])("%p is refused", async (id) => {
    expect(await codes([`${id.replace(" ", "\u00a0")} counter`], [])).toEqual(["BAD_ID"]);
  });

  test.each(["cam-1", "_x", "A_b-9", "x".repeat(128)])("%p is accepted", async (id) => {
    expect(await codes([`${id} counter`], [])).toEqual([]);
  });

  test("that stand twice are reported at the second, with the first", async () => {
    const { diagnostics } = await check(["a counter", "a counter"], []);
    expect(diagnostics).toMatchObject([
      { code: "DUPLICATE_ID", place: { line: 4 }, related: [{ place: { line: 3 } }] },
    ]);
  });
});

describe("edge ends", () => {
  test("that name no node are reported with a suggestion that keeps the port", async () => {
    const { diagnostics } = await check(
      ["cam counter", "limiter limit { limit: 1 }", "s show"],
      ["cam > limiter", "limitr.excess > s"],
    );
    expect(diagnostics).toMatchObject([
      { code: "UNKNOWN_NODE", place: { line: 8, column: 13 }, hint: 'did you mean "limiter.excess"?' },
    ]);
  });

  test("lead to named ports, by dot or by key, or to the default", async () => {
    const { plan } = await compile(`version: 2
nodes:
  - { id: c, plugin: counter }
  - { id: l, plugin: limit, config: { limit: 1 } }
  - { id: s, plugin: show }
edges:
  - { from: c.out, to: l.in }
  - { from: l, to: s }
  - { from: l.excess, to: s }
  - { from: l, from_port: excess, to: s, to_port: in }
`);
    expect(plan!.edges.map(({ fromPort, toPort }) => [fromPort, toPort])).toEqual([
      ["out", "in"],
      ["out", "in"],
      ["excess", "in"],
      ["excess", "in"],
    ]);
  });

  test("that name no port of the node are reported with a suggestion", async () => {
    const { diagnostics } = await check(["c counter", `l limit ${ONE}`, "s show"], ["c > l.inn", "l.exces > s"]);
    expect(diagnostics).toMatchObject([
      { code: "UNKNOWN_PORT", hint: "did you mean l.in?" },
      { code: "UNKNOWN_PORT", hint: "did you mean l.excess?" },
    ]);
  });

  test("that leave the input open are ambiguous only when there are several", async () => {
    const { diagnostics } = await check(["c counter", "j join", "s show"], ["c > j", "c > j.right", "j > s"]);
    expect(diagnostics).toMatchObject([{ code: "AMBIGUOUS_PORT", message: expect.stringContaining("left, right") }]);
  });

  test("follow ports that come from the config", async () => {
    expect(await codes(["c counter", "s show { forward: true }", "t show"], ["c > s", "s > t"])).toEqual([]);
    expect(await codes(["c counter", "s show", "t show"], ["c > s", "s > t"])).toEqual(["EDGE_OUT_OF_SINK"]);
  });

  test("do not enter sources", async () => {
    expect(await codes(["c counter", "d counter"], ["c > d"])).toEqual(["EDGE_INTO_SOURCE"]);
  });

  test("twice the same are a warning", async () => {
    const { plan, diagnostics } = await check(["c counter", "s show"], ["c > s", "c.out > s.in"]);
    expect(plan!.edges).toHaveLength(2);
    expect(diagnostics).toMatchObject([
      { code: "DUPLICATE_EDGE", severity: "warning", place: { line: 7 }, related: [{ place: { line: 6 } }] },
    ]);
  });

  test("of a node whose plugin is unknown are not reported again", async () => {
    expect(await codes(["c countr", "s show"], ["c.foo > s"])).toEqual(["UNKNOWN_PLUGIN"]);
    expect(await codes(["c counter", "l limit", "s show"], ["c > l", "l.excess > s"])).toEqual(["MISSING_KEY"]);
  });
});

describe("things that only one node can have", () => {
  const two = (path: string) =>
    check(["c counter", "a diary { path: x }", `b diary { path: ${path} }`], ["c > a", "c > b"]);

  test("are refused at the second node, with the place of the first", async () => {
    const { plan, diagnostics } = await two("x");
    expect(plan).toBeUndefined();
    expect(diagnostics).toMatchObject([
      { code: "THING_SHARED", place: { line: 5 }, related: [{ place: { line: 4 } }] },
    ]);
  });

  test("may be two of a kind", async () => {
    expect((await two("y")).diagnostics).toEqual([]);
  });

  test("are a warning in a graph of the predecessor, which let them", async () => {
    const sink = (id: string) => `{ id: ${id}, plugin: "${OLD}Diary", config: { path: x } }`;
    const text = `nodes:\n  - { id: c, plugin: "${OLD}Counter", kind: source }\n  - ${sink("a")}\n  - ${sink("b")}\nedges:\n  - { from: c, to: a }\n  - { from: c, to: b }\n`;
    const { plan, diagnostics } = await compile(text);
    expect(plan).toBeDefined();
    expect(diagnostics).toMatchObject([{ code: "THING_SHARED", severity: "warning" }]);
  });
});

/** c > a > b > h > a, and b > s; with more keys for h, and the edge from b to h as given. */
const loop = (more: string, closing: string, out = "{ from: b, to: s }") =>
  `version: 2\nnodes:
  - { id: c, plugin: counter }
  - { id: a, plugin: limit, config: ${ONE} }
  - { id: b, plugin: limit, config: ${ONE} }
  - { id: h, plugin: hold${more} }
  - { id: s, plugin: show }
edges:\n  - { from: c, to: a }\n  - { from: a, to: b }\n  - ${closing}\n  - { from: h, to: a }\n  - ${out}\n`;

describe("cycles", () => {
  const chain = ["c counter", `a limit ${ONE}`, `b limit ${ONE}`, "h hold", "s show"];

  test("to itself", async () => {
    expect(await codes(["c counter", `a limit ${ONE}`], ["c > a", "a > a"])).toEqual(["SELF_LOOP"]);
  });

  test("without a delay show one way round", async () => {
    const { diagnostics } = await check(chain.slice(0, 3), ["c > a", "a > b", "b > a"]);
    expect(diagnostics).toMatchObject([
      { code: "CYCLE_WITHOUT_DELAY", message: expect.stringContaining("a -> b -> a"), place: { line: 9 } },
    ]);
  });

  test("are reported once for each group of nodes that reach each other", async () => {
    const ids = ["a", "b", "d", "e", "f", "g", "h"].map((id) => `${id} limit ${ONE}`);
    const { diagnostics } = await check(
      ["c counter", ...ids],
      ["c > a", "a > b", "b > a", "b > d", "d > e", "e > f", "f > d", "f > e", "f > g", "g > h"],
    );
    const cycles = diagnostics.filter(({ code }) => code === "CYCLE_WITHOUT_DELAY");
    expect(cycles.map(({ message }) => /cycle (.*) as/.exec(message)![1])).toEqual(["a -> b -> a", "d -> e -> f -> d"]);
  });

  test("through a delay are well formed; the edge into the delay is feedback and leads down", async () => {
    const { plan, diagnostics } = await check(chain, ["c > a", "a > b", "b > h", "h > a", "b > s"]);
    expect(diagnostics).toEqual([]);
    expect(plan!.edges.map(({ feedback }) => feedback ?? false)).toEqual([false, false, true, false, false]);
    expect(plan!.ranks).toEqual([0, 2, 3, 1, 4]);
  });

  test("have no feedback where an edge leads into a delay from outside", async () => {
    const { plan } = await check(chain, ["c > h", "h > a", "a > b", "b > s"]);
    expect(plan!.edges.filter(({ feedback }) => feedback)).toEqual([]);
  });

  test("of a delay alone are refused, too: nothing stands on the way", async () => {
    expect(await codes(["c counter", "h hold"], ["c > h", "h > h"])).toEqual(["SELF_LOOP"]);
  });

  test("keep nothing on disk", async () => {
    const { diagnostics } = await compile(
      loop("", "{ from: b, to: h, durable: true }", "{ from: b, to: s, durable: true }"),
    );
    expect(diagnostics.map(({ code }) => code)).toEqual(["DURABLE_IN_CYCLE"]);
  });

  test("bound how often a packet goes round where they are closed, and nowhere else", async () => {
    const { plan, diagnostics } = await compile(loop(", runtime: { max_hops: off }", "{ from: b, to: h }"));
    expect(diagnostics).toEqual([]);
    expect(plan!.nodes.find(({ id }) => id === "h")!.runtime.max_hops).toBe("off");
    const zero = await compile(loop(", runtime: { max_hops: 0 }", "{ from: b, to: h }"));
    expect(zero.diagnostics.map(({ code }) => code)).toEqual(["BAD_SHAPE"]);
    const elsewhere =
      "version: 2\nnodes:\n  - { id: c, plugin: counter }\n  - { id: s, plugin: show, runtime: { max_hops: 9 } }\nedges: [{ from: c, to: s }]\n";
    expect((await compile(elsewhere)).diagnostics).toMatchObject([{ code: "RUNTIME_UNUSED", place: { line: 4 } }]);
  });

  test("do not make producers wait, and say so where that was asked for", async () => {
    const { diagnostics } = await compile(loop(", runtime: { inbox: { overflow: block } }", "{ from: b, to: h }"));
    expect(diagnostics).toMatchObject([
      {
        code: "RUNTIME_UNUSED",
        severity: "warning",
        message: expect.stringContaining("loop_full"),
        place: { line: 6 },
      },
    ]);
    expect((await compile(loop(", runtime: { inbox: { capacity: 8 } }", "{ from: b, to: h }"))).diagnostics).toEqual(
      [],
    );
  });

  test("with an inner way round that passes no delay are refused for that one", async () => {
    const { diagnostics } = await check(chain, ["c > a", "a > b", "b > a", "b > h", "h > a", "b > s"]);
    expect(diagnostics).toMatchObject([
      { code: "CYCLE_WITHOUT_DELAY", message: expect.stringContaining("a -> b -> a") },
    ]);
  });

  test("of a thousand nodes are shown by their ends", async () => {
    const ids = Array.from({ length: 1_000 }, (_, index) => `n${index}`);
    const edges = ids.map((id, index) => `${id} > ${ids[(index + 1) % 1_000]}`);
    const { diagnostics } = await check(["c counter", ...ids.map((id) => `${id} limit ${ONE}`)], ["c > n0", ...edges]);
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]!.message).toContain("n0 -> n1 -> n2 -> n3 -> n4 -> n5 -> … -> n995");
  });
});

describe("reachability", () => {
  test("an empty graph is refused", async () => {
    expect(await codes([], [])).toEqual(["EMPTY_GRAPH"]);
    expect((await compile("version: 2\n")).diagnostics.map(({ code }) => code)).toEqual(["EMPTY_GRAPH"]);
    expect((await compile("version: 2\nnodes:\nedges:\n")).diagnostics.map(({ code }) => code)).toEqual([
      "EMPTY_GRAPH",
    ]);
  });

  test("a graph without source is refused", async () => {
    expect(await codes([`a limit ${ONE}`, "s show"], ["a > s"])).toEqual(["NO_SOURCE", "INPUT_NOT_CONNECTED"]);
  });

  test("a node without edges is refused", async () => {
    expect(await codes(["c counter", "s show"], [])).toEqual(["INPUT_NOT_CONNECTED"]);
  });

  test("an input that is left open is refused by its name", async () => {
    const { diagnostics } = await check(["c counter", "j join"], ["c > j.left"]);
    expect(diagnostics).toMatchObject([{ code: "INPUT_NOT_CONNECTED", message: expect.stringContaining('"right"') }]);
  });

  test("nodes that only lead to each other are unreachable", async () => {
    const nodes = ["c counter", "s show", `a limit ${ONE}`, "h hold"];
    expect(await codes(nodes, ["c > s", "a > h", "h > a"])).toEqual(["UNREACHABLE_NODE", "UNREACHABLE_NODE"]);
  });

  test("a node that may hang behind an unknown one is not reported", async () => {
    expect(await codes(["c counter", `a limit ${ONE}`, "s show"], ["c > a", "nowhere > s"])).toEqual(["UNKNOWN_NODE"]);
  });
});

describe("kinds and profiles", () => {
  test("ports whose kinds do not meet are refused", async () => {
    const { diagnostics } = await check(["p camera { url: x }", "e events"], ["p > e"]);
    expect(diagnostics.map(({ code }) => code)).toEqual(["KINDS_DO_NOT_MEET", "PROFILE_MISMATCH"]);
    expect(diagnostics[0]!.message).toContain("makes frame and event is taken");
  });

  test("a frame does not enter a port that needs JSON", async () => {
    const { diagnostics } = await check(["p camera { url: x }", "k store"], ["p > k"]);
    expect(diagnostics).toMatchObject([{ code: "PROFILE_MISMATCH", message: expect.stringContaining("inproc_any") }]);
  });

  test("another port of the same node that fits is named", async () => {
    const { diagnostics } = await check(["p camera { url: x }", "d finder", "k store"], ["p > d", "d > k"]);
    expect(diagnostics).toMatchObject([{ code: "PROFILE_MISMATCH", hint: "take d.found, which is portable" }]);
    expect(await codes(["p camera { url: x }", "d finder", "k store"], ["p > d", "d.found > k"])).toEqual([]);
  });

  test("undeclared profiles pass", async () => {
    expect(await codes(["c counter", "k store"], ["c > k"])).toEqual([]);
  });

  test.each([
    ["counter", "source", []],
    ["counter", "node", ["KIND_MISMATCH"]],
    ["counter", "sink", ["KIND_MISMATCH"]],
    ["limit", "node", []],
    ["limit", "policy", []],
    ["limit", "transform", ["KIND_MISMATCH"]],
    ["limit", "source", ["KIND_MISMATCH"]],
  ])("%s may be called %s: %p", async (plugin, kind, expected) => {
    const text = `version: 2\nnodes:\n  - { id: c, plugin: counter }\n  - { id: n, plugin: ${plugin}, kind: ${kind}${plugin === "limit" ? ", config: { limit: 1 }" : ""} }\nedges: ${plugin === "limit" ? "[{ from: c, to: n }]" : "[]"}\n`;
    expect((await compile(text)).diagnostics.map(({ code }) => code)).toEqual(expected as never[]);
  });
});

describe("all findings", () => {
  test("two hundred errors are reported at once, in order of place", async () => {
    const nodes = Array.from({ length: 100 }, (_, index) => `n${index} limit { limit: 0 }`);
    const edges = Array.from({ length: 100 }, (_, index) => `n${index} > x${index}`);
    const { diagnostics } = await check(["c counter", ...nodes], ["c > n0", ...edges]);
    const errors = diagnostics.filter(({ code }) => code === "CONFIG_VALUE" || code === "UNKNOWN_NODE");
    expect(errors).toHaveLength(200);
    const lines = diagnostics.map(({ place }) => place.line);
    expect(lines).toEqual([...lines].sort((a, b) => a - b));
  });

  test("more than a thousand errors end in a count of the rest", async () => {
    const nodes = Array.from({ length: 1_200 }, (_, index) => `n${index} limit { limit: 0 }`);
    const { diagnostics } = await check(
      ["c counter", ...nodes],
      nodes.map((_, index) => `c > n${index}`),
    );
    expect(diagnostics).toHaveLength(1_001);
    expect(diagnostics.at(-1)).toMatchObject({
      code: "TOO_MANY_FINDINGS",
      message: expect.stringMatching(/^200 further errors/),
    });
  });

  test("a plan is there exactly when there is no error", async () => {
    expect((await check(["c counter"], [])).plan).toBeDefined();
    expect((await check(["c counter", "s show"], [])).plan).toBeUndefined();
  });
});

describe("topologicalRanks()", () => {
  test("puts every edge upwards and keeps the order of declaration where it may", () => {
    expect(topologicalRanks([[], [], []])).toEqual([0, 1, 2]);
    expect(topologicalRanks([[], [0], [1]])).toEqual([2, 1, 0]);
    expect(topologicalRanks([[3], [2], [], [2]])).toEqual([0, 1, 3, 2]);
  });

  test("finds no order in a cycle", () => {
    expect(topologicalRanks([[1], [0]])).toBeUndefined();
  });
});

describe("cyclicGroups()", () => {
  test("finds groups, not their neighbours", () => {
    expect(cyclicGroups([[1], [2], [0, 3], [4], [3], []])).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
  });

  test("passes over nodes that lead nowhere new", () => {
    expect(cyclicGroups([[1], [2], []])).toEqual([]);
  });
});

test("found() names code and place, as other tests rely on it", async () => {
  expect(found((await check(["a counter", "a counter"], [])).diagnostics)).toEqual(["DUPLICATE_ID@4:11"]);
});

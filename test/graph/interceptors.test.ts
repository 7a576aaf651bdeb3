import { describe, expect, test } from "bun:test";
import { compile, found } from "../support/graph.ts";

const NODES = `nodes:
  - { id: cam_1, plugin: camera, config: { url: x } }
  - { id: hook, plugin: webhook }
  - { id: mid, plugin: when, config: { when: a } }
  - { id: shown, plugin: show }
  - { id: far, plugin: backend }
edges:
  - { from: cam_1, to: mid }
  - { from: hook, to: mid }
  - { from: mid, to: shown }
  - { from: hook, to: far, durable: true }
`;
/** The head is written in front of the nodes. */
const graph = (head: string, rest = NODES) => compile(`version: 2\n${head}${rest}`);

/** `a.out -> b.in` of every edge in order; a durable one is drawn `=>`. */
async function edgesOf(head: string, rest = NODES) {
  const { plan, diagnostics } = await graph(head, rest);
  if (!plan) throw new Error(JSON.stringify(diagnostics, null, 1));
  const { nodes, edges } = plan;
  return edges.map(
    ({ from, fromPort, to, toPort, durable }) =>
      `${nodes[from]!.id}.${fromPort} ${durable ? "=>" : "->"} ${nodes[to]!.id}.${toPort}`,
  );
}

describe("ingress", () => {
  test("stands behind every source, each with a node of its own", async () => {
    expect(await edgesOf("ingress: [{ plugin: limit, config: { limit: 1 } }]\n")).toEqual([
      "ingress.0.cam_1.out -> mid.in",
      "ingress.0.hook.out -> mid.in",
      "mid.out -> shown.in",
      "ingress.0.hook.out => far.in",
      "cam_1.out -> ingress.0.cam_1.in",
      "hook.out -> ingress.0.hook.in",
    ]);
  });

  test("stands only where its match says, in the order of the list", async () => {
    const head = `ingress:
  - { name: first, match: { node: "cam_*" }, plugin: when, config: { when: a } }
  - { match: { plugin: [camera, counter], kind: frame }, plugin: when, config: { when: b } }
  - { match: { kind: event }, plugin: when, config: { when: c } }
`;
    expect((await edgesOf(head)).filter((edge) => edge.includes("ingress"))).toEqual([
      "ingress.1.cam_1.out -> mid.in",
      "ingress.2.hook.out -> mid.in",
      "ingress.2.hook.out => far.in",
      "ingress.first.cam_1.out -> ingress.1.cam_1.in",
      "cam_1.out -> ingress.first.cam_1.in",
      "hook.out -> ingress.2.hook.in",
    ]);
  });

  test("leads a further output to a node, or nowhere, and makes dead letters of the rest", async () => {
    const one = (outputs: string) =>
      graph(`ingress: [{ match: { node: hook }, plugin: limit, config: { limit: 1 }${outputs} }]\n`);
    const outputsOf = async (outputs: string) =>
      (await one(outputs)).plan!.nodes.find(({ id }) => id === "ingress.0.hook")!.outputs;
    expect(await outputsOf("")).toEqual(["out"]);
    expect(await outputsOf(", outputs: { excess: dead_letter }")).toEqual(["out"]);
    expect(await outputsOf(", outputs: { excess: drop }")).toEqual(["out", "excess"]);
    const { plan } = await one(", outputs: { excess: shown }");
    const { nodes, edges } = plan!;
    expect(edges.filter(({ fromPort }) => fromPort === "excess").map(({ to }) => nodes[to]!.id)).toEqual(["shown"]);
  });
});

describe("egress", () => {
  test("stands before every sink, on the near side of a durable edge", async () => {
    expect(await edgesOf("egress: [{ plugin: when, config: { when: a } }]\n")).toEqual([
      "cam_1.out -> mid.in",
      "hook.out -> mid.in",
      "mid.out -> egress.0.shown.in",
      "hook.out -> egress.0.far.in",
      "egress.0.shown.out -> shown.in",
      "egress.0.far.out => far.in",
    ]);
  });

  test("is met by what an ingress interceptor sends to a sink", async () => {
    const head = `ingress: [{ match: { node: hook }, plugin: limit, config: { limit: 1 }, outputs: { excess: shown } }]
egress: [{ match: { node: shown }, plugin: when, config: { when: a } }]
`;
    const edges = await edgesOf(head);
    expect(edges).toContain("ingress.0.hook.excess -> egress.0.shown.in");
    expect(edges.filter((edge) => edge.endsWith("-> shown.in"))).toEqual(["egress.0.shown.out -> shown.in"]);
  });

  test("keeps edges apart that wait on disk in different ways", async () => {
    const rest = NODES.replace("{ from: mid, to: shown }", "{ from: mid, to: far }\n  - { from: cam_1, to: shown }");
    expect(
      (await edgesOf("egress: [{ match: { node: far }, plugin: when, config: { when: a } }]\n", rest)).slice(2),
    ).toEqual([
      "mid.out -> egress.0.far.in",
      "cam_1.out -> shown.in",
      "hook.out -> egress.0.far.2.in",
      "egress.0.far.out -> far.in",
      "egress.0.far.2.out => far.in",
    ]);
  });

  test("may ask for kinds that may pass there", async () => {
    const rest = NODES.replace("{ from: mid, to: shown }", "{ from: mid, to: shown }\n  - { from: cam_1, to: shown }");
    const head = "egress: [{ match: { node: shown, kind: event }, plugin: when, config: { when: a } }]\n";
    // The node in the middle says nothing of its kinds; the camera makes frames alone.
    expect((await edgesOf(head, rest)).filter((edge) => edge.includes("shown"))).toEqual([
      "mid.out -> egress.0.shown.in",
      "cam_1.out -> shown.in",
      "egress.0.shown.out -> shown.in",
    ]);
  });
});

describe("a plan with interceptors", () => {
  test("knows what each stands at", async () => {
    const { plan } = await graph("egress: [{ name: clean, plugin: when, config: { when: a } }]\n");
    expect(plan!.nodes.filter(({ intercepts }) => intercepts).map(({ id, intercepts }) => [id, intercepts])).toEqual([
      ["egress.clean.shown", "shown"],
      ["egress.clean.far", "far"],
    ]);
  });

  test("is the one without them when the lists are empty", async () => {
    expect(await edgesOf("ingress: []\negress:\n")).toEqual(await edgesOf(""));
  });

  test("takes the runtime and the changes of the command line", async () => {
    const text = `version: 2\ningress: [{ name: calm, match: { node: hook }, plugin: limit, config: { limit: 1 }, runtime: { on_error: drop } }]\n${NODES}`;
    const { plan, diagnostics } = await compile(text, {
      set: ["ingress.calm.config.limit=7", "ingress[0].config.window_ms=9"],
    });
    expect(diagnostics).toEqual([]);
    const node = plan!.nodes.find(({ id }) => id === "ingress.calm.hook")!;
    expect(node.config).toMatchObject({ limit: 7, window_ms: 9 });
    expect(node.runtime.on_error).toBe("drop");
  });

  test("of 1,000 sources and three interceptors is made within a second", async () => {
    const many = Array.from({ length: 1_000 }, (_, at) => at);
    const rest = `nodes:
${many.map((at) => `  - { id: cam_${at}, plugin: counter }`).join("\n")}
  - { id: shown, plugin: show }
edges:
${many.map((at) => `  - { from: cam_${at}, to: shown }`).join("\n")}
`;
    const head = `ingress: [${"{ plugin: limit, config: { limit: 1 } }, ".repeat(3)}]\n`;
    const plainMs = await msOf(() => graph("", rest));
    const wholeMs = await msOf(async () => expect((await graph(head, rest)).plan!.nodes).toHaveLength(4_001));
    // Four times as many nodes; a search among all nodes for each would be hundreds of times as slow.
    expect(wholeMs).toBeLessThan(plainMs * 20 + 250);
  });
});

async function msOf(run: () => Promise<unknown>) {
  await run();
  const startedMs = performance.now();
  await run();
  return performance.now() - startedMs;
}

describe("what is wrong with an interceptor", () => {
  test.each([
    ["ingress: { plugin: when }", "BAD_SHAPE@2:12", "ingress must be a list"],
    ["ingress: [when]", "BAD_SHAPE@2:11", "an interceptor must be a map"],
    ["ingress: [{ name: x }]", "MISSING_KEY@2:13", "plugin is missing"],
    ["ingress: [{ plugin: when, config: { when: a }, id: x }]", "UNKNOWN_KEY@2:48", "id"],
    ["ingress: [{ plugin: when, config: 3 }]", "MISSING_KEY@2:13 BAD_SHAPE@2:35", "ingress[0] as config must be a map"],
    ["ingress: [{ plugin: when, config: { when: a }, name: 1st }]", "BAD_SHAPE@2:54", "name"],
    ["ingress: [{ plugin: when, config: { when: a }, match: cam }]", "BAD_SHAPE@2:55", "match"],
    ["ingress: [{ plugin: when, config: { when: a }, match: { nod: cam } }]", "UNKNOWN_KEY@2:57", "nod"],
    ["ingress: [{ plugin: when, config: { when: a }, match: { node: [] } }]", "BAD_SHAPE@2:57", "node"],
    ["ingress: [{ plugin: when, config: { when: a }, outputs: [rejected] }]", "BAD_SHAPE@2:58", "outputs"],
    ["ingress: [{ plugin: wen }]", "UNKNOWN_PLUGIN@2:21", "wen"],
    ["ingress: [{ plugin: counter }]", "INTERCEPTOR_MISFIT@2:21", '"ingress.0.cam_1" (counter) behind a source'],
    ["egress: [{ plugin: show }]", "INTERCEPTOR_MISFIT@2:20", "has no output"],
    ["egress: [{ plugin: join }]", "INTERCEPTOR_MISFIT@2:20", "has the inputs left, right"],
    ["egress: [{ plugin: limit, config: { limit: 0 } }]", "CONFIG_VALUE@2:44", 'node "egress.0.shown" (limit)'],
    ["egress: [{ plugin: when, config: { when: a ? b } }]", "CONFIG_CHECK@2:44", 'node "egress.0.shown" (when)'],
    [
      "egress: [{ plugin: when, config: { when: a }, outputs: { rest: drop } }]",
      "UNKNOWN_PORT@2:64",
      "no further output",
    ],
    ["egress: [{ plugin: limit, config: { limit: 1 }, outputs: { exces: drop } }]", "UNKNOWN_PORT@2:67", "excess"],
    ["egress: [{ plugin: limit, config: { limit: 1 }, outputs: { excess: shwn } }]", "UNKNOWN_NODE@2:68", "shwn"],
  ])("%s", async (head, at, why) => {
    const { plan, diagnostics } = await graph(`${head}\n`);
    expect(plan).toBeUndefined();
    expect(found(diagnostics)).toEqual(at.split(" "));
    expect(`${diagnostics.at(-1)!.message} ${diagnostics.at(-1)!.hint}`).toContain(why);
  });

  test("two with one name are told apart by neither ids nor readers", async () => {
    const twice = "{ name: a, plugin: when, config: { when: a } }, ".repeat(2);
    const { diagnostics } = await graph(`ingress: [${twice}]\n`);
    expect(diagnostics).toMatchObject([{ code: "BAD_SHAPE", message: expect.stringContaining("that of ingress[0]") }]);
  });

  test("a match that meets nothing is a warning, and its config is checked all the same", async () => {
    const head = `ingress: [{ match: { node: cma_*, kind: frame }, plugin: limit, config: { limit: 1 } }]\n`;
    const { plan, diagnostics } = await graph(head);
    expect(plan!.nodes).toHaveLength(5);
    expect(found(diagnostics)).toEqual(["INTERCEPTOR_UNUSED@2:13"]);
    expect(diagnostics[0]!.message).toContain("node cma_*, kind frame");
    expect(found((await graph(head.replace("limit: 1", "limit: 0"))).diagnostics)).toEqual([
      "INTERCEPTOR_UNUSED@2:13",
      "CONFIG_VALUE@2:82",
    ]);
  });

  test("kinds that do not meet are told at its line, with the node it was put at", async () => {
    const rest = NODES.replace("plugin: show", "plugin: events");
    const { diagnostics } = await graph("egress:\n  - { match: { node: shown }, plugin: finder }\n", rest);
    expect(found(diagnostics)).toEqual(["KINDS_DO_NOT_MEET@3:39", "PROFILE_MISMATCH@3:39"]);
    for (const { message } of diagnostics)
      expect(message).toContain("Cannot connect egress.0.shown.out to shown.in as");
  });

  test("a node's own key says where interceptors stand", async () => {
    const { diagnostics } = await graph("", NODES.replace("plugin: webhook", "plugin: webhook, ingress: []"));
    expect(diagnostics[0]).toMatchObject({
      code: "UNKNOWN_KEY",
      hint: expect.stringContaining("at the top of the graph"),
    });
  });
});

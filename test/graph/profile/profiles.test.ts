import { describe, expect, test } from "bun:test";
import { BUILT_IN_PROFILES, type CompileOptions } from "../../../src/graph/index.ts";
import { createRegistry } from "../../../src/registry/index.ts";
import { compile, found } from "../../support/graph.ts";
import { graphFolder } from "../../support/graph_folder.ts";

const NODES = `nodes:
  - { id: c, plugin: counter }
  - { id: l, plugin: limit, config: { limit: 1 } }
  - { id: s, plugin: show }
edges:
  - { from: c, to: l }
  - { from: l, to: s }
`;
const graph = (head = "", nodes = NODES) => `version: 2\n${head}${nodes}`;
const asked = (name: string): Partial<CompileOptions> => ({ profile: { name, by: "--profile" } });
const own = (text: string) => graph(`profiles: { night: ${text} }\n`);
const night = asked("night");

/** Node `l` as it runs; a test fails with the findings when there is no plan. */
async function limit(text: string, options: Partial<CompileOptions> = {}) {
  const { plan, diagnostics } = await compile(text, options);
  expect(diagnostics).toEqual([]);
  return plan!.nodes[1]!;
}

describe("a profile", () => {
  test("is chosen by the graph, and by who asks for another, or for none", async () => {
    const text = graph("profile: server_realtime\n");
    expect((await limit(text)).runtime.inbox.capacity).toBe(32);
    expect((await limit(text, asked("offline_batch"))).runtime.inbox.capacity).toBe(4_096);
    expect((await limit(text, asked("none"))).runtime.inbox.capacity).toBe(256);
    expect((await compile(text)).plan!.profile).toBe("server_realtime");
    expect((await compile(text, asked("none"))).plan!.profile).toBeUndefined();
  });

  test("holds where a node says nothing, key by key", async () => {
    const text = graph("", NODES.replace("limit: 1 } }", "limit: 1 }, runtime: { inbox: { capacity: 9 } } }"));
    const { runtime } = await limit(text, asked("edge_low_power"));
    expect(runtime.inbox).toEqual({ capacity: 9, max_bytes: 8 * 1024 ** 2, overflow: "block" });
  });

  test("holds in the files that nodes bring in, and for those of them it names", async () => {
    const part =
      "version: 2\nports: { in: { in: l }, out: { out: l } }\nnodes: [{ id: l, plugin: limit, config: { limit: 1 } }]\n";
    using project = graphFolder({
      "graph.yaml": graph(
        'profiles: { night: { extends: edge_low_power, nodes: [{ match: { node: "yard/*" }, runtime: { concurrency: 3 } }] } }\n',
        NODES.replace("plugin: limit, config: { limit: 1 }", "use: part.yaml")
          .replace("id: l", "id: yard")
          .replaceAll("l, to", "yard, to")
          .replaceAll("to: l", "to: yard"),
      ),
      "part.yaml": part,
    });
    const { plan, diagnostics } = await project.compile(night);
    expect(diagnostics).toEqual([]);
    expect(plan!.nodes.map(({ id, runtime }) => [id, runtime.inbox.capacity, runtime.concurrency])).toEqual([
      ["c", 64, 1],
      ["yard/l", 64, 3],
      ["s", 64, 1],
    ]);
  });

  test("wins over a node that it names, by id or plugin", async () => {
    const nodes = NODES.replace("plugin: counter", "plugin: counter, runtime: { on_error: fail }").replace(
      "limit: 1 } }",
      "limit: 1 }, runtime: { concurrency: 7, inbox: { capacity: 9 } } }",
    );
    const profile =
      "{ nodes: [{ match: { plugin: [limit, show] }, runtime: { inbox: { capacity: 3 } } }, { match: { node: l* }, runtime: { concurrency: 2 } }] }";
    const { runtime } = await limit(graph(`profiles: { night: ${profile} }\n`, nodes), night);
    expect([runtime.inbox.capacity, runtime.concurrency]).toEqual([3, 2]);
  });

  test("reaches the config of nodes it names, by keys that say how fast and with how much", async () => {
    const registry = createRegistry({ pluginsDir: "/nonexistent", env: {}, warn: () => {} });
    const text = `version: 2
profiles: { night: { nodes: [{ match: { node: cam }, config: { fps: 2 } }] } }
nodes:
  - { id: cam, plugin: video_test_source, config: { fps: 30, width: 64, height: 48 } }
  - { id: s, plugin: null_sink }
edges: [{ from: cam, to: s }]
`;
    const { plan, diagnostics } = await compile(text, { catalogue: registry, ...night });
    expect(diagnostics).toEqual([]);
    expect(plan!.nodes[0]!.config).toMatchObject({ fps: 2, width: 64 });
  });

  test("extends another, built in or of the graph, and wins over it", async () => {
    const text = graph(`profiles:
  evening: { extends: edge_low_power, runtime: { concurrency: 4 } }
  night: { extends: evening, runtime: { inbox: { capacity: 5 } } }
`);
    const { runtime } = await limit(text, night);
    expect([runtime.inbox.capacity, runtime.inbox.max_bytes, runtime.concurrency]).toEqual([5, 8 * 1024 ** 2, 4]);
  });

  test("says of sources what has no effect there, without a warning", async () => {
    await limit(own("{ runtime: { concurrency: 2, inbox: { capacity: 2 } } }"), night);
  });

  test("takes values from variables", async () => {
    const text = graph('vars: { n: 12 }\nprofiles: { night: { runtime: { inbox: { capacity: "${vars.n}" } } } }\n');
    expect((await limit(text, night)).runtime.inbox.capacity).toBe(12);
  });

  test("changes what durable edges keep where they say nothing, and makes none durable", async () => {
    const edges = NODES.replace("to: s }", "to: s, durable: { max_bytes: 1MiB } }").replace(
      "to: l }",
      "to: l, durable: true }",
    );
    const { plan } = await compile(graph("", edges), asked("edge_low_power"));
    expect(plan!.edges.map(({ durable }) => [durable!.max_bytes, durable!.min_free, durable!.drain_rate])).toEqual([
      [512 * 1024 ** 2, 256 * 1024 ** 2, 20],
      [1024 ** 2, 256 * 1024 ** 2, 20],
    ]);
    const { plan: bare } = await compile(graph(), asked("edge_low_power"));
    expect(bare!.edges.map(({ durable }) => durable)).toEqual([undefined, undefined]);
  });

  test("wins over the graph's delivery and not over a node's, and turns nothing on", async () => {
    const registry = createRegistry({ pluginsDir: "/nonexistent", env: {}, warn: () => {} });
    const text = (head: string, runtime = "") => `version: 2
${head}nodes:
  - { id: c, plugin: generate_source }
  - { id: h, plugin: http_sink, config: { url: "http://127.0.0.1:1/" }${runtime} }
edges: [{ from: c, to: h }]
`;
    const delivery = async (head: string, runtime = "", options = asked("edge_low_power")) => {
      const { plan, diagnostics } = await compile(text(head, runtime), { catalogue: registry, ...options });
      expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
      return plan!.nodes[1]!.runtime.delivery;
    };
    expect(await delivery("")).toMatchObject({ timeout_sec: 20, backoff_max_ms: 60_000, max_attempts: 3 });
    expect(await delivery("delivery: { timeout_sec: 9, max_attempts: 7 }\n")).toMatchObject({
      timeout_sec: 20,
      max_attempts: 7,
    });
    expect(await delivery("", ", runtime: { delivery: { timeout_sec: 4 } }")).toMatchObject({
      timeout_sec: 4,
      backoff_max_ms: 60_000,
    });
    expect(await delivery("delivery: off\n")).toBeUndefined();
    expect(await delivery("", ", runtime: { delivery: off }")).toBeUndefined();
    const sinks = `durable: sinks\n`;
    const { plan } = await compile(text(sinks), { catalogue: registry, ...asked("edge_low_power") });
    expect(plan!.edges[0]!.durable).toMatchObject({ max_bytes: 512 * 1024 ** 2, drain_rate: 20, max_attempts: 5 });
  });

  test("waits for event time as it says", async () => {
    const text = graph(
      "event_time: { idle: 9s, max_delay: 1s }\nprofiles: { night: { event_time: { max_delay: 2s } } }\n",
    );
    expect((await compile(text, night)).plan!.event_time).toEqual({ max_delay_ms: 2_000, idle_ms: 9_000 });
  });

  test("sets how often a graph keeps its state that asks for it", async () => {
    const kept = async (head: string) => (await compile(graph(head), asked("edge_low_power"))).plan!.checkpoint;
    expect(await kept("checkpoint: true\n")).toEqual({ interval_ms: 30_000 });
    expect(await kept("checkpoint: { interval: 2s }\n")).toEqual({ interval_ms: 30_000 });
    expect(await kept("checkpoint: false\n")).toBe(false);
    expect(await kept("")).toBeUndefined();
  });

  test("leaves a node with the predecessor's runtime alone", async () => {
    const { runtime } = await limit(
      graph("", NODES.replace("limit: 1 }", "limit: 1, __runtime__: { inbox_max: 3 } }")),
      asked("edge_low_power"),
    );
    expect(runtime.inbox).toMatchObject({ capacity: 3, max_bytes: 64 * 1024 ** 2 });
  });

  test("that means nodes the graph does not have is a warning", async () => {
    const text = own("{ nodes: [{ match: { node: camm }, runtime: { concurrency: 2 } }] }");
    const { plan, diagnostics } = await compile(text, night);
    expect(plan).toBeDefined();
    expect(found(diagnostics)).toEqual(["PROFILE_MATCHES_NOTHING@2:32"]);
    expect((await compile(text)).diagnostics).toEqual([]);
  });
});

describe("a profile is refused", () => {
  test.each([
    ["{ runtime: { on_error: drop } }", "UNKNOWN_KEY@2:33"],
    ["{ runtime: { ordered: false } }", "UNKNOWN_KEY@2:33"],
    ["{ durable: { order: live_first } }", "UNKNOWN_KEY@2:33"],
    ["{ durable: { durability: relaxed } }", "UNKNOWN_KEY@2:33"],
    ["{ edges: [] }", "UNKNOWN_KEY@2:22"],
    ["{ config: { fps: 1 } }", "UNKNOWN_KEY@2:22"],
    ["{ runtime: { inbox: { capacity: 0 } } }", "BAD_SHAPE@2:52"],
    ["{ nodes: [{ match: { node: l }, config: { limit: 3 } }] }", "UNKNOWN_KEY@2:62"],
    ["{ nodes: [{ runtime: { concurrency: 2 } }] }", "MISSING_KEY@2:32"],
    ["[]", "BAD_SHAPE@2:20"],
  ])("even when nobody runs with it: %s", async (text, expected) => {
    const { diagnostics, plan } = await compile(own(text));
    expect(plan).toBeUndefined();
    expect(found(diagnostics)).toEqual([expected]);
  });

  test("with a reason for what a profile cannot say", async () => {
    const { diagnostics } = await compile(own("{ ingress: [] }"));
    expect(diagnostics).toMatchObject([{ hint: expect.stringContaining("a profile only changes how it runs") }]);
  });

  test.each([
    ["profiles: { edge_low_power: {} }\n", "BAD_SHAPE@2:13"],
    ["profiles: { none: {} }\n", "BAD_SHAPE@2:13"],
    ["profiles: { a.b: {} }\n", "BAD_SHAPE@2:13"],
    ["profiles: []\n", "BAD_SHAPE@2:1"],
    ["profile: 5\n", "UNKNOWN_PROFILE@2:10"],
    ["profile: edge_lowpower\n", "UNKNOWN_PROFILE@2:10"],
    ["profile: a\nprofiles: { a: { extends: b }, b: { extends: a } }\n", "BAD_SHAPE@3:46"],
    ["profile: a\nprofiles: { a: { extends: b } }\n", "UNKNOWN_PROFILE@3:27"],
  ])("%p", async (head, expected) => {
    expect(found((await compile(graph(head))).diagnostics)).toContain(expected);
  });

  test.each([
    ["profiles: { a: { extends: b }, b: { extends: a } }\n", ["BAD_SHAPE@2:46"]],
    ["profiles: { a: { extends: b }, b: { extends: c } }\n", ["UNKNOWN_PROFILE@2:46"]],
    ["profile: a\nprofiles: { a: { extends: b }, b: { extends: a } }\n", ["BAD_SHAPE@3:46"]],
  ])("in what it extends, told once and though nobody runs with it: %p", async (head, expected) => {
    expect(found((await compile(graph(head))).diagnostics)).toEqual(expected);
  });

  test("that was asked for and does not exist, at who asked", async () => {
    const { diagnostics, texts } = await compile(own("{}"), asked("nihgt"));
    expect(diagnostics).toMatchObject([
      {
        code: "UNKNOWN_PROFILE",
        place: { file: "--profile", line: 1, column: 1, endColumn: 6 },
        hint: 'did you mean "night"?',
      },
    ]);
    expect(texts["--profile"]).toBe("nihgt");
    expect(diagnostics[0]!.message).toContain("there are night, edge_low_power, server_realtime, offline_batch");
  });

  test("when its value does not fit the node it means", async () => {
    const { diagnostics } = await compile(own("{ nodes: [{ match: { node: l }, config: { fps: 3 } }] }"), night);
    expect(found(diagnostics)).toEqual(["UNKNOWN_KEY@2:62"]);
  });

  test("in the runtime of a node, with what to write instead", async () => {
    const { diagnostics } = await compile(
      graph("", NODES.replace("plugin: show", "plugin: show, runtime: { profile: night }")),
    );
    expect(diagnostics).toMatchObject([
      { code: "UNKNOWN_KEY", hint: expect.stringContaining("profile: NAME at its top") },
    ]);
  });
});

test.each(Object.keys(BUILT_IN_PROFILES))(
  "the built-in profile %s changes nothing that a graph means",
  async (name) => {
    const edges = NODES.replace("to: s }", "to: s, durable: true }");
    const { plan: bare } = await compile(graph("", edges));
    const { plan, diagnostics } = await compile(graph("", edges), asked(name));
    expect(diagnostics).toEqual([]);
    const {
      max_bytes: _,
      min_free: _f,
      backoff_ms: _b,
      backoff_max_ms: _m,
      drain_rate: _d,
      ...meant
    } = plan!.edges[1]!.durable!;
    expect(bare!.edges[1]!.durable).toMatchObject(meant);
    for (const [at, { runtime }] of plan!.nodes.entries()) {
      const { inbox, ...kept } = runtime;
      expect(inbox.overflow).toBe("block");
      expect(bare!.nodes[at]!.runtime).toMatchObject(kept);
    }
  },
);

import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { WholeFloat } from "../../src/packet/index.ts";
import { testCatalogue } from "../support/catalogue.ts";
import { compile, found } from "../support/graph.ts";

const OLD = "schnitzel_stream.nodes.dev";

/** A graph with old addresses: a source with the given config, a limit and a sink. */
function graph({
  counter = "{}",
  limit = "{ limit: 1 }",
  edges = "[{ from: c, to: l }, { from: l, to: s }]",
  head = "version: 2\n",
} = {}) {
  return `${head}nodes:
  - { id: c, plugin: "${OLD}:Counter", kind: source, config: ${counter} }
  - { id: l, plugin: "${OLD}:Limit", config: ${limit} }
  - { id: s, plugin: "${OLD}:Show", kind: sink }
edges: ${edges}
`;
}

async function check(text: string, options = {}) {
  const result = await compile(text, { env: { N: "5", TRUTH: "true", WORD: "x" }, ...options });
  return {
    ...result,
    errors: result.diagnostics.filter(({ severity }) => severity === "error").map(({ code }) => code),
    warnings: result.diagnostics.filter(({ severity }) => severity === "warning").map(({ code }) => code),
  };
}

async function counterConfig(config: string) {
  const { plan, diagnostics } = await check(graph({ counter: config }));
  if (!plan) throw new Error(JSON.stringify(diagnostics));
  return plan.nodes[0]!.config as Record<string, unknown>;
}

describe("a graph with an address of the predecessor", () => {
  test("is read in compatibility mode, without a word when it is clean", async () => {
    const { plan, diagnostics } = await check(graph());
    expect(diagnostics).toEqual([]);
    expect(plan!.compat).toBe(true);
  });

  test("is recognised by an address that comes from a variable", async () => {
    const text = `version: 2\nnodes:\n  - { id: c, plugin: "\${oc.env:P,${OLD}:Counter}", kind: source, config: { loop: yes } }\n`;
    expect((await check(text)).plan).toMatchObject({ compat: true, nodes: [{ config: { loop: true } }] });
  });

  test("without one is read as YAML 1.2", async () => {
    const { plan, errors } = await check("version: 2\nnodes:\n  - { id: c, plugin: counter, config: { loop: yes } }\n");
    expect(plan).toBeUndefined();
    expect(errors).toEqual(["CONFIG_VALUE"]);
  });

  test.each(["", "version: 2\n", "version: '2'\n", "version: 2.7\n", "junk: 1\nversion: 2\n", "config: { a: 1 }\n"])(
    "takes %p as its head",
    async (head) => {
      expect((await check(graph({ head }))).errors).toEqual([]);
    },
  );

  test.each([
    ["version: 3\n", "BAD_VERSION"],
    ["version: two\n", "BAD_VERSION"],
    ["version: true\n", "BAD_VERSION"],
    ["version: 1\n", "V1_GRAPH"],
  ])("refuses %p", async (head, code) => {
    expect((await check(graph({ head }))).errors).toEqual([code as never]);
  });
});

describe("old scalars", () => {
  test("have the types they had", async () => {
    const { items } = await counterConfig(
      "{ items: [yes, 010, 0x10, 12:30:45, 1e3, 2026-01-01, ???, 20.0, 20, '20.0'] }",
    );
    expect(items).toEqual([
      true,
      8,
      16,
      45045,
      new WholeFloat(1000),
      "2026-01-01",
      "???",
      new WholeFloat(20),
      20,
      "20.0",
    ]);
    expect((items as unknown[])[7]).toBeInstanceOf(WholeFloat);
  });

  test("that are whole floats become numbers where the node wants one, without a word", async () => {
    const { plan, diagnostics } = await check(graph({ counter: "{ count: 4.0 }" }));
    expect(diagnostics).toEqual([]);
    expect((plan!.nodes[0]!.config as { count: unknown }).count).toBe(4);
  });
});

describe("old variables", () => {
  test.each([
    ["${oc.env:N}", "5"],
    ["${oc.env:N,7}", "5"],
    ["${oc.env:X,0}", "0"],
    ["${oc.env:X,false}", "False"],
    ["${oc.env:X,yes}", "True"],
    ["${oc.env:X,0.35}", "0.35"],
    ["${oc.env:X,1e3}", "1000.0"],
    ["${oc.env:X,null}", null],
    ["${oc.env:X,}", ""],
    ["${oc.env:X, spaced out }", "spaced out"],
    ["${oc.env:X,rtsp://h:1/a b}", "rtsp://h:1/a b"],
    ["${oc.env:X,${oc.env:N}}", "5"],
    ["${oc.env:X,'a, b'}", "a, b"],
    ["${oc.env:TRUTH}", "true"],
    ["a${oc.env:X,false}b", "aFalseb"],
    ["${oc.decode:${oc.env:N}}", 5],
    ["${oc.decode:'[1, yes]'}", [1, true]],
    ["${nodes[0].id}", "c"],
    ["${..other}", 7],
    ["${...id}", "c"],
    ["n${..other}", "n7"],
    ["\\${oc.env:N}", "${oc.env:N}"],
    ["${N}", "5"],
  ])("%p gives %p", async (written, expected) => {
    const text = graph({ counter: `{ items: ["${written.replaceAll("\\", "\\\\")}"], other: 7 }` });
    const { plan, diagnostics } = await check(text);
    if (!plan) throw new Error(JSON.stringify(diagnostics));
    expect((plan.nodes[0]!.config as { items: unknown[] }).items[0]).toEqual(expected);
  });

  test("that are missing are an error", async () => {
    expect((await check(graph({ counter: '{ label: "${oc.env:NOPE}" }' }))).errors).toEqual(["UNDEFINED_VARIABLE"]);
    expect((await check(graph({ counter: '{ label: "${.nope}" }' }))).errors).toEqual(["UNDEFINED_VARIABLE"]);
    expect((await check(graph({ counter: '{ label: "${oc.env:X,a,b}" }' }))).errors).toEqual(["BAD_INTERPOLATION"]);
  });

  test("are read as the type the node wants, with a warning", async () => {
    const { plan, warnings, diagnostics } = await check(
      graph({ counter: '{ count: "${oc.env:N}", loop: "${oc.env:X,false}" }' }),
    );
    expect(plan!.nodes[0]!.config).toMatchObject({ count: 5, loop: false });
    expect(warnings).toEqual(["COERCED", "COERCED"]);
    expect(diagnostics[0]!.message).toBe('In node "c" (counter), config.count reads "5" as 5');
  });

  test.each([
    ["'010'", 10],
    ["' 7 '", 7],
    ["'1_000'", 1000],
    ["'2e1'", 20],
  ])("that hold %s give the number Python makes of it", async (written, count) => {
    expect((await counterConfig(`{ count: ${written} }`)).count).toBe(count);
  });

  test.each(["constructor", "0x10", "1:30", "", "inf"])(
    "that hold %p are neither a number nor a truth value",
    async (written) => {
      const { errors } = await check(graph({ counter: `{ count: '${written}', loop: '${written}' }` }));
      expect(errors).toEqual(["CONFIG_VALUE", "CONFIG_VALUE"]);
    },
  );

  test("that do not read as the type the node wants are an error", async () => {
    const { errors } = await check(graph({ counter: '{ count: "${oc.env:WORD}", loop: maybe }' }));
    expect(errors).toEqual(["CONFIG_VALUE", "CONFIG_VALUE"]);
  });

  test("numbers become text where the node wants text", async () => {
    expect((await counterConfig("{ label: 5.0 }")).label).toBe("5.0");
  });

  test("${file:…} falls back to the current directory", async () => {
    const cwd = fs.mkdtempSync(path.join(os.tmpdir(), "graph_cwd_"));
    afterAll(() => fs.rmSync(cwd, { recursive: true }));
    fs.writeFileSync(path.join(cwd, "label"), "here\n");
    const { plan } = await check(graph({ counter: '{ label: "${file:label}" }' }), { compatCwd: cwd });
    expect((plan!.nodes[0]!.config as { label: string }).label).toBe("here");
  });
});

describe("old junk", () => {
  test("keys are warnings and do not reach the node", async () => {
    const text = graph({ counter: "{ junk: 1 }" })
      .replace("id: s,", "id: s, note: x,")
      .replace("from: c,", "from: c, label: y,");
    const { plan, warnings, diagnostics } = await check(`extra: 1\n${text}`);
    expect(warnings).toEqual(["UNKNOWN_KEY", "UNKNOWN_KEY", "UNKNOWN_KEY", "UNKNOWN_KEY"]);
    expect(diagnostics[1]!.message).toStartWith('Ignored in node "c" (counter): config.junk is not known in config');
    expect(plan!.nodes[0]!.config).not.toHaveProperty("junk");
  });

  test("ports are ignored with a warning", async () => {
    const { plan, warnings } = await check(
      graph({ edges: "[{ from: c, to: l }, { from: l, to: s, from_port: excess, to_port: 5, src_port: ' ' }]" }),
    );
    expect(plan!.edges[1]).toMatchObject({ fromPort: "out", toPort: "in" });
    expect(warnings).toContain("SLOPPY_SHAPE");
    const named = await check(graph({ edges: "[{ from: c, to: l }, { from: l, to: s, from_port: excess }]" }));
    expect(named.plan!.edges[1]).toMatchObject({ fromPort: "out" });
    expect(named.warnings).toEqual(["PORT_IGNORED"]);
  });

  test("a port with an odd name is an error", async () => {
    expect((await check(graph({ edges: "[{ from: c, to: l, to_port: 'a-b' }]" }))).errors).toEqual(["BAD_SHAPE"]);
  });

  test("ids are any text, trimmed", async () => {
    const text = `version: 2\nnodes: [{ id: " cam 1.front ", plugin: "${OLD}:Counter", kind: source }, { id: s, plugin: "${OLD}:Show" }]\nedges: [{ from: cam 1.front, to: s }]\n`;
    const { plan, errors } = await check(text);
    expect(errors).toEqual([]);
    expect(plan!.nodes[0]!.id).toBe("cam 1.front");
  });

  test("lists that are none count as empty, with a warning", async () => {
    const { plan, warnings } = await check(graph({ edges: "none" }));
    expect(plan!.edges).toEqual([]);
    expect(warnings).toContain("SLOPPY_SHAPE");
  });

  test("a config that is no map counts as empty, with a warning", async () => {
    const { plan, warnings } = await check(graph({ counter: "none" }));
    expect(plan!.nodes[0]!.config).toMatchObject({ count: 3 });
    expect(warnings).toEqual(["SLOPPY_SHAPE"]);
  });

  test("config.transport inproc is taken off, anything else is an error", async () => {
    expect((await check(graph({ counter: "{ transport: inproc }" }))).diagnostics).toEqual([]);
    expect((await check(graph({ counter: "{ transport: kafka }" }))).errors).toEqual(["CONFIG_VALUE"]);
  });

  test("an edge out of a node that sends nothing is left out, with a warning", async () => {
    const text = graph({ edges: "[{ from: c, to: s }, { from: s, to: l }]" }).replace(", kind: sink", "");
    const { plan, warnings } = await check(text);
    expect(plan!.edges).toHaveLength(1);
    expect(warnings).toContain("EDGE_OUT_OF_SINK");
  });

  test("nodes without edges are warnings", async () => {
    const { plan, warnings } = await check(graph({ edges: "[{ from: c, to: l }]" }));
    expect(plan).toBeDefined();
    expect(warnings).toEqual(["INPUT_NOT_CONNECTED"]);
  });
});

describe("old faults stay faults:", () => {
  test.each([
    ["a duplicate id", graph().replace("id: s,", "id: c,"), "DUPLICATE_ID"],
    ["a numeric id", graph().replace("id: s,", "id: 5,"), "BAD_SHAPE"],
    ["an unknown end", graph({ edges: "[{ from: c, to: x }]" }), "UNKNOWN_NODE"],
    ["a self loop", graph({ edges: "[{ from: l, to: l }]" }), "SELF_LOOP"],
    [
      "a cycle",
      graph({ edges: "[{ from: c, to: l }, { from: l, to: s }, { from: s, to: l }]" }).replace(", kind: sink", ""),
      "CYCLE_WITHOUT_DELAY",
    ],
    ["an edge into a source", graph({ edges: "[{ from: l, to: c }]" }), "EDGE_INTO_SOURCE"],
    ["an edge out of a sink", graph({ edges: "[{ from: s, to: l }]" }), "EDGE_OUT_OF_SINK"],
    ["a source that is not called one", graph().replace("kind: source, ", ""), "KIND_MISMATCH"],
    ["a node that is called source", graph().replace("kind: sink", "kind: source"), "KIND_MISMATCH"],
    ["a kind in capitals", graph().replace("kind: sink", "kind: Sink"), "BAD_SHAPE"],
    ["an unknown address", graph().replace(":Show", ":Shwo"), "UNKNOWN_PLUGIN"],
    ["a node of a later version", graph().replace(":Show", ":Later"), "NODE_NOT_BUILT_IN_YET"],
    ["a node without plugin", graph().replace(`plugin: "${OLD}:Show", `, ""), "MISSING_KEY"],
    ["an edge without end", graph({ edges: "[{ from: c }]" }), "MISSING_KEY"],
  ])("%s", async (_, text, code) => {
    const { errors, plan } = await check(text);
    expect(plan).toBeUndefined();
    expect(errors).toContain(code as never);
  });
});

describe("config.__runtime__ of an old graph", () => {
  async function inbox(runtime: string) {
    const { plan, warnings, diagnostics } = await check(graph({ limit: `{ limit: 1, __runtime__: ${runtime} }` }));
    if (!plan) throw new Error(JSON.stringify(diagnostics));
    expect(plan.nodes[1]!.config).not.toHaveProperty("__runtime__");
    return { ...plan.nodes[1]!.runtime.inbox, warnings };
  }

  test.each([
    ["{ inbox_max: 2 }", 2, "drop_newest"],
    ["{ inbox_max: '4' }", 4, "drop_newest"],
    ["{ inbox_max: 2.9 }", 2, "drop_newest"],
    ["{ inbox_max: 2, inbox_overflow: drop_oldest }", 2, "drop_oldest"],
    ["{ inbox_max: 2, inbox_overflow: error }", 2, "fail"],
    ["{}", 256, "block"],
    ["{ inbox_overflow: drop_oldest }", 256, "block"],
  ])("%p is read without a word", async (runtime, capacity, overflow) => {
    expect(await inbox(runtime)).toMatchObject({ capacity, overflow, warnings: [] });
  });

  test.each([
    "{ inbox_max: 0 }",
    "{ inbox_max: -1 }",
    "{ inbox_max: many }",
    "{ inbox_max: [] }",
    "{ inbox_max: 70000 }",
  ])("%p meant unbounded: large and lossless, with a warning", async (runtime) => {
    expect(await inbox(runtime)).toMatchObject({ capacity: 65_536, overflow: "block", warnings: ["SLOPPY_SHAPE"] });
  });

  test("an unknown policy and unknown keys are warnings", async () => {
    expect(await inbox("{ inbox_max: 2, inbox_overflow: banana, junk: 1 }")).toMatchObject({
      overflow: "drop_newest",
      warnings: ["SLOPPY_SHAPE", "SLOPPY_SHAPE"],
    });
    expect((await inbox("none")).warnings).toEqual(["SLOPPY_SHAPE"]);
  });

  test("weights are read with their defaults", async () => {
    expect((await inbox("{ inbox_max: 2, inbox_overflow: weighted_drop }")).weights).toEqual({
      key: "group_id",
      values: {},
      fallback: 1,
    });
    const { weights, warnings } = await inbox(
      "{ inbox_max: 2, inbox_overflow: weighted_drop, overflow_weight_key: zone, overflow_weights: { a: 2.0, b: '3', c: x }, overflow_default_weight: 0.5 }",
    );
    expect(weights).toEqual({ key: "zone", values: { a: 2, b: 3 }, fallback: 0.5 });
    expect(warnings).toEqual(["SLOPPY_SHAPE"]);
  });
});

describe("an old config", () => {
  test("is rewritten before the node's schema sees it", async () => {
    const catalogue = testCatalogue();
    const adapted = {
      ...catalogue,
      resolve: (address: string) => {
        const resolution = catalogue.resolve(address);
        if (!address.endsWith(":Limit") || !resolution.found) return resolution;
        return { ...resolution, legacy: { adapt: (config: Record<string, unknown>) => ({ limit: config.max }) } };
      },
    };
    const { plan } = await check(graph({ limit: "{ max: 7 }" }), { catalogue: adapted });
    expect(plan!.nodes[1]!.config).toMatchObject({ limit: 7 });
    const bad = await check(graph({ limit: "{ max: zero }" }), { catalogue: adapted });
    expect(found(bad.diagnostics)).toEqual(["CONFIG_VALUE@4:68"]);
  });

  test("whose rewriting fails is an error of that node", async () => {
    const catalogue = testCatalogue();
    const failing = {
      ...catalogue,
      resolve: (address: string) => {
        const resolution = catalogue.resolve(address);
        const adapt = () => {
          throw new Error("cannot read zones");
        };
        return resolution.found && resolution.legacy ? { ...resolution, legacy: { adapt } } : resolution;
      },
    };
    const { diagnostics } = await check(graph(), { catalogue: failing });
    expect(diagnostics).toHaveLength(3);
    expect(diagnostics[0]).toMatchObject({
      code: "CONFIG_CHECK",
      message: expect.stringContaining("cannot read zones"),
    });
  });
});

import { describe, expect, test } from "bun:test";
import { compile, configs, found, graphWithLimit } from "../support/graph.ts";

async function first(config: string) {
  const { diagnostics } = await compile(graphWithLimit(config));
  return diagnostics[0]!;
}

describe("a node's config", () => {
  test("gets its defaults", async () => {
    expect((await configs(graphWithLimit("{ limit: 5 }"))).l).toEqual({ limit: 5, window_ms: 1_000, mode: "strict" });
  });

  test("that is out of range says action, fact, limit and value", async () => {
    expect(await first("{ limit: 0 }")).toMatchObject({
      code: "CONFIG_VALUE",
      message: 'Cannot create node "l" (limit) as config.limit must be >= 1: current value is 0',
      place: { line: 6, column: 22, endColumn: 23 },
      path: "nodes[1].config.limit",
    });
  });

  test.each([
    ["{ limit: 1.5 }", "config.limit must be a whole number: current value is 1.5"],
    ["{ limit: many }", 'config.limit must be a number: current value is "many"'],
    ["{ limit: null }", "config.limit must be a number: current value is null"],
    ["{ limit: [1, 2] }", "config.limit must be a number: current value is a list of 2"],
    ["{ limit: { a: 1 } }", "config.limit must be a number: current value is a map with a"],
    ["{ limit: 1, mode: losse }", 'config.mode must be one of "strict", "loose": current value is "losse"'],
    ["{ limit: 1, inner: 5 }", "config.inner must be a map: current value is 5"],
    ["{ limit: 1, inner: { names: x } }", 'config.inner.names must be a list: current value is "x"'],
    ["{ limit: 1, inner: { names: [a, 5] } }", "config.inner.names[1] must be a string: current value is 5"],
    ["{ window_ms: 5 }", "config.limit is missing: it must be a number"],
    ["{ limit: 1, inner: { x: 1 } }", "config.inner.x is not known in config.inner: its keys are ratio, names"],
  ])("%s is refused in words", async (config, words) => {
    expect((await first(config)).message).toBe(`Cannot create node "l" (limit) as ${words}`);
  });

  test("suggests the choice that was meant", async () => {
    expect((await first("{ limit: 1, mode: losse }")).hint).toBe('did you mean "loose"?');
  });

  test("shows long values by their start, and URLs without password", async () => {
    expect((await first(`{ limit: ${"x".repeat(500)} }`)).message.length).toBeLessThan(200);
    expect((await first("{ limit: 'rtsp://u:hunter2@h/' }")).message).toContain("rtsp://u:***@h/");
  });

  test("that is left out is checked as an empty one, at the node", async () => {
    const { diagnostics } = await compile(
      "version: 2\nnodes:\n  - { id: c, plugin: counter }\n  - id: l\n    plugin: limit\nedges: [{ from: c, to: l }]\n",
    );
    expect(found(diagnostics)).toEqual(["MISSING_KEY@4:5"]);
  });

  test("reports every fault of every node", async () => {
    const { diagnostics } = await compile(graphWithLimit("{ limit: 0, window_ms: x, mode: y, z: 1 }"));
    expect(diagnostics.map(({ code }) => code)).toEqual([
      "CONFIG_VALUE",
      "CONFIG_VALUE",
      "CONFIG_VALUE",
      "UNKNOWN_KEY",
    ]);
  });

  test("is not checked again when a variable in it has no value", async () => {
    const { diagnostics } = await compile(graphWithLimit('{ limit: "${NOPE}" }'));
    expect(diagnostics.map(({ code }) => code)).toEqual(["UNDEFINED_VARIABLE"]);
  });

  test("warns of whole numbers that cannot be kept", async () => {
    const { plan, diagnostics } = await compile(
      "version: 2\nnodes:\n  - { id: c, plugin: counter, config: { items: [12345678901234567890] } }\n",
    );
    expect(plan).toBeDefined();
    expect(found(diagnostics)).toEqual(["NUMBER_PRECISION@3:49"]);
  });
});

describe("a node's own check", () => {
  const when = (written: string) =>
    compile(
      `version: 2\nnodes:\n  - { id: c, plugin: counter }\n  - id: w\n    plugin: when\n    config:\n      when: ${written}\nedges: [{ from: c, to: w }]\n`,
    );

  test.each([
    ["a plain text", "a ? b", "CONFIG_CHECK@7:15"],
    ["a quoted text", '"a ? b"', "CONFIG_CHECK@7:16"],
    ["the second line of a block", "|\n        first\n        a ? b", "CONFIG_CHECK@9:11"],
    ["a text with escapes, as a whole", '"\\x61 ? b"', "CONFIG_CHECK@7:13"],
  ])("points into %s", async (_, written, place) => {
    expect(found((await when(written)).diagnostics)).toEqual([place]);
  });

  test("says what it says behind the node and key", async () => {
    expect((await when("a?")).diagnostics[0]!.message).toBe(
      'Cannot create node "w" (when) as config.when must not have a question mark',
    );
  });

  test("that throws is a finding of that node", async () => {
    const { diagnostics, plan } = await when("explode");
    expect(plan).toBeUndefined();
    expect(diagnostics).toMatchObject([
      { code: "CONFIG_CHECK", message: expect.stringContaining("its check failed: boom") },
    ]);
  });
});

describe("a plugin that", () => {
  test.each([
    ["forbidden:Node", "PLUGIN_NOT_ALLOWED"],
    ["broken:Node", "PLUGIN_LOAD_FAILED"],
    ["future:Node", "PLUGIN_API_MISMATCH"],
    ["schnitzel_stream.nodes.dev:Later", "NODE_NOT_BUILT_IN_YET"],
    ["limitt", "UNKNOWN_PLUGIN"],
  ])("is %s gives %s at its place", async (plugin, code) => {
    const { diagnostics } = await compile(`version: 2\nnodes:\n  - { id: c, plugin: "${plugin}" }\n`);
    expect(found(diagnostics)).toEqual([`${code}@3:22`]);
  });

  test("is misspelt is suggested", async () => {
    const { diagnostics } = await compile("version: 2\nnodes:\n  - { id: c, plugin: countre }\n");
    expect(diagnostics[0]!.hint).toBe('did you mean "counter"?');
  });
});

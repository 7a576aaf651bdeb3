import { describe, expect, test } from "bun:test";
import Ajv from "ajv";
import * as v from "valibot";
import { DURATION } from "../../src/base/duration.ts";
import { graphJsonSchema } from "../../src/graph/index.ts";
import { timeHint } from "../../src/graph/time_hint.ts";
import { DEFINITIONS } from "../support/catalogue.ts";
import { compile, found } from "../support/graph.ts";

/** A graph with `event_time` at its top, of its source `c` and of its sink `s`, as YAML. */
function graph({ head, source, sink }: { head?: string; source?: string; sink?: string }) {
  const runtime = (text: string | undefined) => (text === undefined ? "" : `, runtime: { event_time: ${text} }`);
  const top = head === undefined ? "" : `event_time: ${head}\n`;
  return `version: 2\n${top}nodes:\n  - { id: c, plugin: counter${runtime(source)} }\n  - { id: s, plugin: show${runtime(sink)} }\nedges:\n  - { from: c, to: s }\n`;
}

async function plan(given: Parameters<typeof graph>[0]) {
  const compiled = await compile(graph(given));
  expect(compiled.diagnostics).toEqual([]);
  return compiled.plan!;
}

describe("event_time", () => {
  test("is left out of a plan that says nothing of it", async () => {
    const { event_time, nodes } = await plan({});
    expect(event_time).toBeUndefined();
    expect(nodes[0]!.runtime.event_time).toBeUndefined();
  });

  test("is read as durations, for the graph and for a source, key by key", async () => {
    const { event_time, nodes } = await plan({ head: "{ max_delay: 1m, idle: 1.5h }", source: "{ max_delay: 0s }" });
    expect(event_time).toEqual({ max_delay_ms: 60_000, idle_ms: 5_400_000 });
    expect(nodes[0]!.runtime.event_time).toEqual({ max_delay_ms: 0 });
  });

  test("with nothing behind it is a key left out", async () => {
    expect((await plan({ head: "" })).event_time).toBeUndefined();
  });

  for (const [what, given, place] of [
    ["a number without a unit", { head: "{ max_delay: 5 }" }, "BAD_SHAPE@2:26"],
    ["a text that is no time", { head: "{ idle: soon }" }, "BAD_SHAPE@2:21"],
    ["more than a day of delay", { head: "{ max_delay: 2d }" }, "BAD_SHAPE@2:26"],
    ["an idle time of nothing", { source: "{ idle: 0s }" }, "BAD_SHAPE@3:62"],
    ["a key that is spelled otherwise", { head: "{ maxdelay: 5s }" }, "UNKNOWN_KEY@2:15"],
    ["a single value", { head: "5s" }, "BAD_SHAPE@2:13"],
    ["a node that is no source", { sink: "{ idle: 1s }" }, "RUNTIME_UNUSED@4:39"],
  ] as const) {
    test(`${what} is found at its place`, async () => {
      expect(found((await compile(graph(given))).diagnostics)).toEqual([place]);
    });
  }

  test.each(["5", "'5'"])("a time without a unit, %s, is told what may be meant", async (written) => {
    const { diagnostics } = await compile(graph({ head: `{ max_delay: ${written} }` }));
    expect(diagnostics.map(({ hint }) => hint)).toEqual([
      "a time has a unit: write 5s for seconds, 5ms for milliseconds",
    ]);
  });

  test("a number that may be one is not taken for a time", () => {
    const length = v.pipe(v.string(), v.regex(DURATION));
    expect(timeHint(v.union([length, v.boolean()]), 60)).toContain("write 60s");
    expect(timeHint(v.union([length, v.pipe(v.number(), v.maxValue(9))]), 60)).toBeUndefined();
  });

  test("of a node belongs into its runtime", async () => {
    const { diagnostics } = await compile(graph({}).replace("plugin: counter", "plugin: counter, event_time: {}"));
    expect(diagnostics[0]).toMatchObject({
      code: "UNKNOWN_KEY",
      hint: expect.stringContaining("runtime: { event_time"),
    });
  });

  test("may be set from the command line", async () => {
    const compiled = await compile(graph({}), {
      set: ["event_time.max_delay=1s", "nodes.c.runtime.event_time.idle=2s"],
    });
    expect(compiled.diagnostics).toEqual([]);
    expect(compiled.plan!.event_time).toEqual({ max_delay_ms: 1_000 });
    expect(compiled.plan!.nodes[0]!.runtime.event_time).toEqual({ idle_ms: 2_000 });
  });

  test("stands in the JSON schema", () => {
    const valid = new Ajv({ strict: false }).compile(graphJsonSchema(DEFINITIONS));
    const nodes = [{ id: "c", plugin: "counter", runtime: { event_time: { idle: "1s" } } }];
    expect(valid({ version: 2, event_time: { max_delay: "5s" }, nodes })).toBe(true);
    expect(valid({ version: 2, event_time: { max_delay: 5 }, nodes })).toBe(false);
    expect(valid({ version: 2, event_time: { late: "5s" }, nodes })).toBe(false);
  });
});

import { describe, expect, test } from "bun:test";
import { changesOf } from "../../src/graph/index.ts";
import { compile } from "../support/graph.ts";

/** A graph with these cells, and a node for each list of uses. */
const graph = (cells: string, ...uses: string[]) => {
  const nodes = uses.map((use, at) => `  - { id: n${at}, plugin: cells, config: { ${use} } }\n`).join("");
  const edges = uses.map((_, at) => `  - { from: c, to: n${at} }\n`).join("");
  return `version: 2\nblackboard:\n${cells}nodes:\n  - { id: c, plugin: counter }\n${nodes}edges:\n${edges}`;
};
const found = async (text: string) => (await compile(text)).diagnostics;

describe("a blackboard", () => {
  test("is in the plan with its defaults, and with who uses each cell", async () => {
    const text = graph(
      "  mode: { type: string, initial: day, ttl: 90s, persist: true, max_bytes: 1KiB }\n  count: { type: number }\n",
      "reads: [mode, mode], writes: [count]",
      "writes: [mode, count], reads: [count]",
    );
    const { plan, diagnostics } = await compile(text);
    expect(diagnostics).toEqual([]);
    const mode = {
      name: "mode",
      type: "string",
      initial: "day",
      ttl_ms: 90_000,
      persist: true,
      max_bytes: 1_024,
    } as const;
    expect(plan!.cells).toEqual([
      { ...mode, readers: ["n0"], writers: ["n1"] },
      { name: "count", type: "number", max_bytes: 65_536, persist: false, readers: ["n1"], writers: ["n0", "n1"] },
    ]);
  });

  test("is absent from a plan without one, also where the key has nothing behind it", async () => {
    expect((await compile(graph("", "")))?.plan).not.toHaveProperty("cells");
  });

  test("is checked against what nodes declare: a cell of another name is shown with the one that is meant", async () => {
    expect(
      await found(graph("  mode: { type: string }\n", "writes: [mode], reads: [mode]", "reads: [mod, other]")),
    ).toMatchObject([
      {
        code: "UNKNOWN_CELL",
        place: { line: 7 },
        message: expect.stringContaining('"n1" (cells) cannot read cell "mod"'),
        hint: 'did you mean "mode"?',
      },
      { code: "UNKNOWN_CELL", hint: "declare it: blackboard: { other: { type: number } }" },
    ]);
  });

  test("says of each cell that nobody reads, or that nobody writes", async () => {
    const cells =
      "  a: { type: number }\n  b: { type: number }\n  c: { type: number, initial: 1 }\n  d: { type: number }\n";
    expect(await found(graph(cells, "writes: [a], reads: [b, c]"))).toMatchObject([
      {
        code: "CELL_NEVER_READ",
        severity: "warning",
        place: { line: 3, column: 3 },
        message: expect.stringContaining('only written, by "n0"'),
      },
      {
        code: "CELL_NEVER_WRITTEN",
        severity: "error",
        place: { line: 4 },
        message: expect.stringContaining("has no initial value"),
      },
      {
        code: "CELL_NEVER_WRITTEN",
        severity: "warning",
        place: { line: 5 },
        hint: "a value that never changes belongs in vars",
      },
      {
        code: "CELL_NEVER_READ",
        severity: "warning",
        message: expect.stringContaining("nor written"),
        place: { line: 6 },
      },
    ]);
  });

  test("takes a JSON Schema in place of a type, and checks the initial value against it", async () => {
    const use = "writes: [a], reads: [a]";
    const schema = "{ type: integer, minimum: 1 }";
    const text = graph(`  a: { schema: ${schema}, initial: 5 }\n`, use);
    const [one, other] = [await compile(text), await compile(text)];
    expect(one.diagnostics).toEqual([]);
    const [cell] = one.plan!.cells!;
    expect(cell).toMatchObject({ type: "schema", schema: { type: "integer", minimum: 1 }, initial: 5 });
    expect([cell!.misfit!(3), cell!.misfit!(0)]).toEqual([undefined, "it does not fit its schema: value must be >= 1"]);
    expect(changesOf(one.plan!, other.plan!).settings).toEqual([]);
    expect(await found(graph(`  a: { schema: ${schema}, initial: 0 }\n`, use))).toMatchObject([
      { code: "CELL_INITIAL", message: expect.stringContaining("value must be >= 1") },
    ]);
  });

  test.each([
    ["{ type: number, schema: {} }", "BAD_SHAPE", "must have one of type and schema"],
    ["{ ttl: 5s }", "BAD_SHAPE", "must have one of type and schema"],
    ["{ schema: { type: nmber } }", "CELL_SCHEMA", "schema is invalid"],
    ["{ schema: absent.json }", "CELL_SCHEMA", "absent.json"],
  ])("refuses a cell %s, at its place and with nothing else", async (cell, code, why) => {
    const all = await found(graph(`  a: ${cell}\n`, "writes: [a], reads: [a]"));
    expect(all).toMatchObject([{ code, place: { line: 3 }, message: expect.stringContaining(why) }]);
  });

  test("has a cell also where it cannot be read: its fault is told, and that alone", async () => {
    const use = "writes: [a], reads: [a]";
    expect((await found(graph("  a: { type: number, ttl: 5 }\n", use))).map(({ code }) => code)).toEqual(["BAD_SHAPE"]);
    const other = graph("  a: { type: number }\nevent_time: { max_delay: 5 }\n", use);
    expect((await found(other)).map(({ code }) => code)).toEqual(["BAD_SHAPE"]);
  });

  test("says nothing of who uses a cell while a node cannot be read", async () => {
    const text = graph("  a: { type: number }\n", "writes: [a]", "nonsense: 1");
    expect((await found(text)).map(({ code }) => code)).toEqual(["UNKNOWN_KEY"]);
  });

  test.each([
    ["number", "text", "its type must be number: current value is of type string"],
    ["string", "1", "its type must be string: current value is of type number"],
    ["boolean", "[]", "its type must be boolean: current value is of type list"],
    ["list", "{ a: 1 }", "its type must be list: current value is of type object"],
    ["object", "true", "its type must be object: current value is of type boolean"],
    ["number", "null", "its type must be number: current value is null"],
    ["number", ".nan", "its type must be number: current value is NaN"],
    ["string, max_bytes: 4", "long text", "it has 11 bytes as JSON and max_bytes is 4"],
  ])("refuses a cell of type %s that begins with %s", async (type, initial, why) => {
    const text = graph(`  a: { type: ${type}, initial: ${initial} }\n`, "writes: [a], reads: [a]");
    expect(await found(text)).toMatchObject([
      { code: "CELL_INITIAL", place: { line: 3 }, message: expect.stringContaining(why) },
    ]);
  });

  test.each([
    ["  a: { type: integer }\n", "BAD_SHAPE"],
    ["  a: { type: number, ttl: 5 }\n", "BAD_SHAPE"],
    ["  a: { type: number, ttl: 0s }\n", "BAD_SHAPE"],
    ["  a: { type: number, max_bytes: 1GiB }\n", "BAD_SHAPE"],
    ["  a: { type: number, size: 1 }\n", "UNKNOWN_KEY"],
    ["  a: {}\n", "BAD_SHAPE"],
    ["  a: 5\n", "BAD_SHAPE"],
    ["  door-open: { type: number }\n", "BAD_SHAPE"],
    [`${Array.from({ length: 1_001 }, (_, at) => `  c${at}: { type: number }\n`).join("")}`, "BAD_SHAPE"],
  ])("refuses %p", async (cells, code) => {
    const codes = (await found(graph(cells, ""))).map((one) => one.code);
    expect(codes[0]).toBe(code as (typeof codes)[number]);
  });
});

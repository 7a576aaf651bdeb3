import { describe, expect, test } from "bun:test";
import { Blackboard } from "../../src/engine/blackboard.ts";
import { Engine } from "../../src/engine/index.ts";
import type { CellPlan } from "../../src/graph/plan.ts";
import type { CellUse, NodeContext } from "../../src/node/index.ts";
import { virtualClock } from "../support/clock.ts";
import { counters, node, packets, plan, sink, source, type TestNode, toEnd, virtualHost } from "../support/engine.ts";

const cell = (name: string, more: Partial<CellPlan> = {}): CellPlan => ({
  ...{ name, type: "number", max_bytes: 64, persist: false, readers: [], writers: [] },
  ...more,
});
const BOTH = (...names: string[]) => ({ reads: names, writes: names });

function board(...cells: CellPlan[]) {
  const clock = virtualClock();
  const made = new Blackboard({ cells }, clock);
  return { clock, made, ...made.cellsOf("n", BOTH(...cells.map(({ name }) => name))) };
}

describe("a cell", () => {
  test("has its initial value, then what was written last with its event time", () => {
    const { read, write } = board(cell("a", { initial: 5 }), cell("b"));
    expect([read("a"), read("b")]).toEqual([{ value: 5, tsMs: 0 }, undefined]);
    write("a", 6, 1_000);
    write("a", 7, 500);
    expect(read("a")).toMatchObject({ value: 7, tsMs: 500 });
  });

  test("holds a written value for its time to live by the clock, then its initial value again or none", () => {
    const { clock, read, write } = board(cell("a", { ttl_ms: 100, initial: 1 }), cell("b", { ttl_ms: 100 }));
    for (const name of ["a", "b"]) write(name, 9, 0);
    clock.advance(99);
    expect([read("a")?.value, read("b")?.value]).toEqual([9, 9]);
    clock.advance(1);
    expect([read("a")?.value, read("b")]).toEqual([1, undefined]);
    write("b", 2, 0);
    clock.advance(99);
    expect(read("b")?.value).toBe(2);
  });

  test("takes of any type what fits its schema, and refuses the rest with the reason", () => {
    const misfit = (value: unknown) => (value === 5 || value === null ? undefined : "it does not fit");
    const { made, read, write } = board(cell("a", { type: "schema", misfit }));
    for (const value of [5, null]) {
      write("a", value, 0);
      expect(read("a")!.value).toBe(value);
    }
    for (const value of [6, "text", { deep: [1] }, true])
      expect(() => write("a", value, 0)).toThrow('cannot write cell "a": it does not fit');
    expect(() => write("a", Number.NaN, 0)).toThrow('cannot write cell "a"');
    expect(made.figures()![0]).toMatchObject({ writes: 2, refused: 5 });
  });

  test("counts writes, what did not fit, and values that expired, also unread, and tells its size", () => {
    const { clock, made, write } = board(cell("a", { ttl_ms: 100 }), cell("b", { type: "string" }));
    expect(made.figures()![0]).toEqual({ name: "a", writes: 0, refused: 0, expired: 0, bytes: 0 });
    write("a", 125, 0);
    expect(() => write("a", "text", 0)).toThrow("its type is number");
    write("b", "é", 0);
    expect(made.figures()).toEqual([
      { name: "a", writes: 1, refused: 1, expired: 0, bytes: 3 },
      { name: "b", writes: 1, refused: 0, expired: 0, bytes: 4 },
    ]);
    clock.advance(100);
    expect(made.figures()![0]).toMatchObject({ expired: 1, bytes: 0 });
    expect(new Blackboard({}, clock).figures()).toBeUndefined();
  });

  test("has a copy that nobody can change", () => {
    const { read, write } = board(cell("a", { type: "object" }));
    const given = { list: [1, { deep: 2 }] };
    write("a", given, 0);
    given.list.push(3);
    const held = read("a")!.value as typeof given;
    expect(held).toEqual({ list: [1, { deep: 2 }] });
    expect(() => held.list.push(4)).toThrow();
    expect(() => Object.assign(held.list[1]!, { deep: 3 })).toThrow();
  });

  test.each([
    ["number", "1", "its type is number, got string"],
    ["number", Number.NaN, "its type is number, got NaN"],
    ["string", null, "its type is string, got null"],
    ["object", [], "its type is object, got list"],
    ["list", {}, "its type is list, got object"],
    ["boolean", undefined, "its type is boolean, got undefined"],
    ["object", { at: new Date(0) }, "it is a Date"],
    ["object", { n: Number.POSITIVE_INFINITY }, "it is Infinity"],
    ["string", "x".repeat(63), "the value has 65 bytes as JSON, and max_bytes is 64"],
  ] as const)("of type %s refuses %p and keeps what it had", (type, value, why) => {
    const { read, write } = board(cell("a", { type }));
    expect(() => write("a", value as never, 0)).toThrow(
      expect.objectContaining({ name: "Rejected", message: expect.stringContaining(why) }),
    );
    expect(read("a")).toBeUndefined();
  });

  test("that a node did not declare is refused by its name", () => {
    const { made } = board(cell("a"), cell("b"));
    const { read, write } = made.cellsOf("look", { reads: ["a", "gone"], writes: [] });
    expect(() => read("b")).toThrow('node "look" cannot read cell "b": its definition declares no read of it');
    expect(() => write("a", 1, 0)).toThrow('node "look" cannot write cell "a": its definition declares no write of it');
    expect(() => read("gone")).toThrow('cannot read cell "gone": the graph has no such cell');
    expect(() => made.cellsOf("none", undefined).read("a")).toThrow("declares no read");
  });
});

describe("a blackboard that is stored", () => {
  const cells = [
    cell("kept", { persist: true, ttl_ms: 1_000 }),
    cell("gone"),
    cell("text", { type: "string", persist: true }),
  ];

  test("has its persistent cells again in a later run, with the time that has passed", () => {
    const first = board(...cells);
    first.clock.advance(50_000);
    first.write("kept", 4, 77);
    first.write("gone", 5, 77);
    first.clock.advance(400);
    const stored = structuredClone(first.made.snapshot());
    const second = board(...cells);
    second.clock.advance(50_400 + 300);
    expect(second.made.restore(stored)).toEqual([]);
    expect([second.read("kept"), second.read("gone")]).toMatchObject([{ value: 4, tsMs: 77 }, undefined]);
    second.clock.advance(299);
    expect(second.read("kept")?.value).toBe(4);
    second.clock.advance(1);
    expect(second.read("kept")).toBeUndefined();
  });

  test("gives the names of cells that do not fit any more, and takes no nonsense", () => {
    const first = board(...cells);
    first.write("kept", 4, 0);
    first.write("text", "a", 0);
    const later = board(cell("kept", { persist: true, type: "string" }), cell("text", { type: "string" }));
    expect(later.made.restore(first.made.snapshot())).toEqual(["kept", "text"]);
    for (const nonsense of [undefined, null, 5, {}, { atMs: 1 }])
      expect(() => later.made.restore(nonsense)).toThrow("none that was stored");
  });

  test("is nothing for a graph without persistent cells", () => {
    expect(board(cell("a")).made.snapshot()).toBeUndefined();
  });
});

describe("in the engine", () => {
  const using = (id: string, cells: CellUse, process: (context: NodeContext, value: number) => void): TestNode => ({
    ...node(id),
    cells,
    create: (context) => ({
      process(one, emit) {
        process(context, one.payload as number);
        emit.out!(one);
      },
    }),
  });

  function run(cells: readonly CellPlan[], nodes: readonly TestNode[], edges: readonly string[]) {
    const host = virtualHost();
    return toEnd(new Engine({ ...plan(nodes, edges), cells }, host).run(), host);
  }

  test("what one node writes the next one reads, and one that declared nothing is stopped", async () => {
    const seen: unknown[] = [];
    const ended = await run(
      [cell("sum", { initial: 0 })],
      [
        source("in", packets(4)),
        using("add", BOTH("sum"), ({ cells }, value) =>
          cells.write("sum", (cells.read("sum")!.value as number) + value, value),
        ),
        using("look", { reads: ["sum"], writes: [] }, ({ cells }) => void seen.push(cells.read("sum"))),
        using("touch", { reads: [], writes: [] }, ({ cells }) => cells.write("sum", 100, 0)),
        sink("end"),
      ],
      ["in -> add", "add -> look", "look -> touch", "touch -> end"],
    );
    expect(seen).toMatchObject(
      [
        [0, 0],
        [1, 1],
        [3, 2],
        [6, 3],
      ].map(([value, tsMs]) => ({ value, tsMs })),
    );
    expect(counters(ended, "end").consumed).toBe(0);
    expect(ended.deadLetters.recent.map(({ node_id, reason }) => [node_id, reason])).toEqual(
      Array.from({ length: 4 }, () => [
        "touch",
        'node "touch" cannot write cell "sum": its definition declares no write of it',
      ]),
    );
  });
});

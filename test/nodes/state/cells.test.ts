import { describe, expect, test } from "bun:test";
import { Blackboard } from "../../../src/engine/blackboard.ts";
import type { CellPlan } from "../../../src/graph/plan.ts";
import type { NodeDefinition } from "../../../src/node/index.ts";
import { cellIssues, cellsOf } from "../../../src/nodes/cell_variables.ts";
import { filter } from "../../../src/nodes/flow/filter.ts";
import { route } from "../../../src/nodes/flow/route.ts";
import { cellRead } from "../../../src/nodes/state/cell_read.ts";
import { cellWrite } from "../../../src/nodes/state/cell_write.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

const cell = (name: string, type: CellPlan["type"]): CellPlan => ({
  ...{ name, type, max_bytes: 1_000, persist: false, readers: [], writers: [] },
});

/** Nodes on one blackboard, each with the cells that its definition names for its config. */
function setup() {
  const context = testContext();
  const board = new Blackboard(
    { cells: [cell("mode", "string"), cell("limit", "number"), cell("last", "object")] },
    context.clock,
  );
  const start = (definition: NodeDefinition, config: Record<string, unknown>) =>
    startNode(definition, config, { ...context, cells: board.cellsOf("n", definition.cells!(config)) });
  return {
    board,
    start,
    cells: board.cellsOf("test", { reads: ["mode", "limit", "last"], writes: ["mode", "limit", "last"] }),
  };
}

describe("cell_write", () => {
  test("writes a place of the payload, the payload, or what an expression gives, with the packet's time", async () => {
    const { start, cells } = setup();
    await start(cellWrite, { cell: "mode", from: "site.mode" }).process(
      packet({ ts: "2026-01-01T00:00:01Z", payload: { site: { mode: "night" } } }),
    );
    await start(cellWrite, { cell: "last" }).process(packet({ payload: { n: 1 } }));
    await start(cellWrite, { cell: "limit", cel: "payload.n * 2 + 1" }).process(packet({ payload: { n: 4.5 } }));
    expect(cells.read("mode")).toMatchObject({ value: "night", tsMs: Date.UTC(2026, 0, 1, 0, 0, 1) });
    expect([cells.read("last")?.value, cells.read("limit")?.value]).toEqual([{ n: 1 }, 10]);
  });

  test("passes the packet on after the write, and refuses what does not fit without touching the cell", async () => {
    const { start, cells } = setup();
    const keep = start(cellWrite, { cell: "limit", from: "n" });
    await keep.process(packet({ payload: { n: 5 } }));
    await expect(keep.process(packet({ payload: { n: "six" } }))).rejects.toThrow(
      'cannot write cell "limit": its type is number',
    );
    await expect(keep.process(packet({ payload: {} }))).rejects.toThrow('the payload has no "n"');
    await expect(keep.process(packet({ payload: { n: 7 }, ts: "soon" }))).rejects.toThrow("ISO-8601");
    expect([keep.on("out").length, cells.read("limit")?.value, keep.node.metrics!()]).toEqual([
      1,
      5,
      { written_total: 1 },
    ]);
  });

  test("counts up a cell that it reads itself", async () => {
    const { start, cells } = setup();
    const count = start(cellWrite, { cell: "limit", cel: "has(cells.limit) ? cells.limit + 1 : 1.0" });
    for (let turn = 0; turn < 3; turn++) await count.process(packet());
    expect(cells.read("limit")?.value).toBe(3);
  });
});

test("cell_read adds the value there is now, and sends packets by missing while there is none", async () => {
  const { start, cells } = setup();
  const read = start(cellRead, { cell: "mode", into: "site.mode" });
  await read.process(packet({ payload: { site: { name: "yard" } } }));
  cells.write("mode", "night", 0);
  await read.process(packet({ payload: { site: { name: "yard" } } }));
  await expect(read.process(packet({ payload: 5 }))).rejects.toThrow("expected a map");
  expect(read.on("missing")).toMatchObject([{ payload: { site: { name: "yard" } } }]);
  expect(read.on("out")).toMatchObject([{ payload: { site: { name: "yard", mode: "night" } } }]);
});

describe("conditions", () => {
  test("of filter and route see the value of the moment", async () => {
    const { start, cells } = setup();
    const warm = start(filter, { when: "payload.celsius > cells.limit" });
    await expect(warm.process(packet({ payload: { celsius: 5 } }))).rejects.toThrow("test for it first with has(");
    for (const limit of [4, 6]) {
      cells.write("limit", limit, 0);
      await warm.process(packet({ payload: { celsius: 5 } }));
    }
    expect([warm.on("out").length, warm.on("rejected").length]).toEqual([1, 1]);
    const sorted = start(route, { rules: { dark: 'cells.mode == "night"', light: "true" } });
    for (const mode of ["night", "day"]) {
      cells.write("mode", mode, 0);
      await sorted.process(packet(mode));
    }
    expect([sorted.on("dark"), sorted.on("light")]).toMatchObject([[{ source_id: "night" }], [{ source_id: "day" }]]);
  });

  test.each([
    ["payload.cells.mode == 1", []],
    ['cells.mode == "a" && (cells["limit"] > 1 || has(cells.?last.n))', ["mode", "limit", "last"]],
    ["cells.mode == cells.mode", ["mode"]],
    ['[cells.a, {"k": cells.b}].size() > payload.list.filter(x, x > cells.c).size()', ["a", "b", "c"]],
  ])("%s reads these cells", (text, names) => {
    expect(cellIssues([], text)).toEqual([]);
    expect(cellsOf([text]).reads.toSorted()).toEqual(names.toSorted());
  });

  test.each(["cells[payload.which] == 1", "size(cells) > 1", "cells == meta"])(
    "%s is refused: which cell is not to be seen",
    (text) => {
      expect(cellIssues(["when"], text, "bool")).toMatchObject([
        { path: ["when"], message: expect.stringContaining("by its name"), hint: "write cells.NAME" },
      ]);
      expect(cellsOf([text]).reads).toEqual([]);
    },
  );

  test("of a thousand parts are looked through without recursion", () => {
    expect(cellsOf([Array.from({ length: 200 }, (_, at) => `cells.c${at} == 1`).join(" && ")]).reads).toHaveLength(200);
  });
});

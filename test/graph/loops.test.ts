import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { rankLoops } from "../../src/graph/loops.ts";
import { compile } from "../support/graph.ts";

type Arrow = readonly [from: number, to: number];

/** Every elementary cycle, found by walking: each begins at its lowest node, so none is found twice. */
function elementaryCycles(count: number, arrows: readonly Arrow[]): number[][] {
  const cycles: number[][] = [];
  const walk = (path: number[]) => {
    for (const [from, to] of arrows) {
      if (from !== path.at(-1)) continue;
      if (to === path[0]) cycles.push(path);
      else if (to > path[0]! && !path.includes(to)) walk([...path, to]);
    }
  };
  for (let start = 0; start < count; start++) walk([start]);
  return cycles;
}

/** Two to six nodes, any arrows between different ones, and which nodes break cycles. */
const shapes = fc.integer({ min: 2, max: 6 }).chain((count) => {
  const node = fc.integer({ min: 0, max: count - 1 });
  const arrow = fc.tuple(node, node).filter(([from, to]) => from !== to);
  return fc.record({
    count: fc.constant(count),
    arrows: fc.uniqueArray(arrow, { maxLength: 14, selector: (ends) => ends.join() }),
    breaks: fc.array(fc.boolean(), { minLength: count, maxLength: count }),
  });
});

describe("rankLoops()", () => {
  test("refuses exactly the graphs in which some elementary cycle passes no node that breaks it", () => {
    let refused = 0;
    fc.assert(
      fc.property(shapes, ({ count, arrows, breaks }) => {
        const open = elementaryCycles(count, arrows).some((cycle) => !cycle.some((node) => breaks[node]));
        expect(rankLoops(arrows, breaks) === undefined).toBe(open);
        if (open) refused += 1;
      }),
      { numRuns: 2_000, seed: 5 },
    );
    // Both answers were asked for, or the property says little.
    expect(refused).toBeGreaterThan(200);
    expect(refused).toBeLessThan(1_800);
  });

  test("leads every arrow up but feedback, which lies on a cycle and leads into the node that breaks it", () => {
    let seen = 0;
    fc.assert(
      fc.property(shapes, ({ count, arrows, breaks }) => {
        const ranked = rankLoops(arrows, breaks);
        if (ranked === undefined) return;
        expect(ranked.ranks.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, rank) => rank));
        const cycles = elementaryCycles(count, arrows);
        for (const [at, [from, to]] of arrows.entries()) {
          const onCycle = cycles.some(
            (cycle) => cycle[(cycle.indexOf(to) || cycle.length) - 1] === from && cycle.includes(to),
          );
          expect(ranked.feedback[at]).toBe(breaks[to]! && onCycle);
          if (!ranked.feedback[at]) expect(ranked.ranks[from]!).toBeLessThan(ranked.ranks[to]!);
          else seen += 1;
        }
      }),
      { numRuns: 2_000, seed: 6 },
    );
    expect(seen).toBeGreaterThan(200);
  });
});

test("the rule refuses exactly the cycles that enumeration finds, and shows one of them", async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async ({ count, arrows, breaks }) => {
      const open = elementaryCycles(count, arrows).filter((cycle) => !cycle.some((node) => breaks[node]));
      const nodes = breaks.map(
        (delay, at) => `  - { id: n${at}, plugin: ${delay ? "hold" : "limit, config: { limit: 1 }"} }`,
      );
      const edges = [
        ...breaks.map((_, at) => `  - { from: c, to: n${at} }`),
        ...arrows.map(([a, b]) => `  - { from: n${a}, to: n${b} }`),
      ];
      const text = `version: 2\nnodes:\n  - { id: c, plugin: counter }\n${nodes.join("\n")}\nedges:\n${edges.join("\n")}\n`;
      const { plan, diagnostics } = await compile(text);
      expect(diagnostics.every(({ code }) => code === "CYCLE_WITHOUT_DELAY")).toBe(true);
      expect(plan === undefined).toBe(open.length > 0);
      for (const { message } of diagnostics) {
        const way = /cycle (.*) as/
          .exec(message)![1]!
          .split(" -> ")
          .slice(0, -1)
          .map((id) => Number(id.slice(1)));
        const turned = (cycle: number[]) => cycle.map((_, by) => [...cycle.slice(by), ...cycle.slice(0, by)].join());
        expect(open.some((cycle) => turned(cycle).includes(way.join()))).toBe(true);
      }
    }),
    { numRuns: 300, seed: 7 },
  );
});

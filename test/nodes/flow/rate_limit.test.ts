import { expect, test } from "bun:test";
import { rateLimit } from "../../../src/nodes/flow/rate_limit.ts";
import { packet, startNode } from "../../support/node.ts";

test("rate_limit opens a new window exactly window_ms after the first", async () => {
  const { process, emitted, context } = startNode(rateLimit, { limit: 1, window_ms: 100 });
  await process(packet());
  context.clock.advance(99);
  await process(packet());
  context.clock.advance(1);
  await process(packet());
  expect(emitted.map(({ port }) => port)).toEqual(["out", "excess", "out"]);
});

test("rate_limit forgets the source with the oldest window when it tracks too many", async () => {
  const { process, emitted, node } = startNode(rateLimit, { limit: 1, max_sources: 2 });
  for (const source of ["a", "b", "c", "a"]) await process(packet(source));
  expect(emitted.map(({ port }) => port)).toEqual(["out", "out", "out", "out"]);
  expect(node.metrics!()).toEqual({ sources: 2, sources_forgotten_total: 2 });
});

import { expect, test } from "bun:test";
import { nullSink } from "../../../src/nodes/dev/null_sink.ts";
import { packet, startNode } from "../../support/node.ts";

test("null_sink counts what it lets go", async () => {
  const { node, process } = startNode(nullSink);
  await process(packet());
  await process(packet());
  expect(node.metrics?.()).toEqual({ received_total: 2 });
});

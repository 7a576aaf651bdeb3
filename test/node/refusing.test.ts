import { expect, test } from "bun:test";
import * as v from "valibot";
import { ANY, defineNode, port, refusing } from "../../src/node/index.ts";
import { replace, type StreamPacket } from "../../src/packet/index.ts";
import { packet, startNode } from "../support/node.ts";

/** Keeps what it counts in private fields, as a class does that must not be copied. */
class Sorter {
  #seen = 0;
  closed = false;
  process(one: StreamPacket, emit: Record<string, (packet: StreamPacket) => void>) {
    this.#seen += 1;
    if (one.payload === "good") return emit.out!(one);
    emit.bad!(replace(one, { meta: { ...one.meta, why: "it is not good" } }));
  }
  advance(_passedMs: number, emit: Record<string, (packet: StreamPacket) => void>) {
    emit.bad!(packet({ payload: "left over" }));
  }
  metrics = () => ({ seen_total: this.#seen });
  snapshot() {
    return this.#seen;
  }
  restore(state: unknown) {
    this.#seen = state as number;
  }
}

const sorter = defineNode({
  name: "sorter",
  kind: "policy",
  doc: "Sorts.",
  config: v.strictObject({}),
  inputs: { in: port(ANY, "Packets.") },
  outputs: { out: port(ANY, "Good."), bad: port(ANY, "Bad.") },
  examples: [],
  create: () => new Sorter() as never,
});

test("a node without a port rejects what would leave by it, with what it had to say", async () => {
  const { process, on } = startNode(refusing(sorter, ["bad"]));
  await process(packet({ payload: "good" }));
  const refused = process(packet({ payload: "sour", meta: { known: 1 } }));
  await expect(refused).rejects.toMatchObject({
    name: "Rejected",
    message: 'the packet left by "bad": {"why":"it is not good"}',
  });
  expect(on("out")).toHaveLength(1);
});

test("a node without a port has no such port, and is the same node otherwise", () => {
  const definition = refusing(sorter, ["bad"]);
  expect([Object.keys(definition.outputs({})), definition.name, definition.inputs]).toEqual([
    ["out"],
    "sorter",
    sorter.inputs,
  ]);
  expect(refusing(sorter, [])).toBe(sorter);
  const { node } = startNode(definition);
  node.restore!(7);
  expect([node.snapshot!(), node.metrics!(), node.wake]).toEqual([7, { seen_total: 7 }, undefined]);
});

test("what leaves without a packet that somebody waits for is set aside as a record", () => {
  const { advance, context } = startNode(refusing(sorter, ["bad"]));
  advance(1);
  expect(context.rejected).toMatchObject([{ record: { payload: "left over" }, reason: 'the packet left by "bad"' }]);
});

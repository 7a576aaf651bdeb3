import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { rankLoops } from "../../src/graph/loops.ts";
import type { NodeInstance } from "../../src/node/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import { counters, drops, packets, run, source, type TestNode, type TestRun } from "../support/engine.ts";
import { packet } from "../support/node.ts";

/** A graph with cycles: arrows between any of its nodes, and which of them are delays. */
interface Shape {
  delays: boolean[];
  arrows: [from: number, to: number][];
  behaviours: number[];
  capacity: number;
  maxHops: number;
  heads: number[];
  packets: number;
}

const shapes: fc.Arbitrary<Shape> = fc
  .integer({ min: 2, max: 6 })
  .chain((count) => {
    const at = fc.integer({ min: 0, max: count - 1 });
    const perNode = { minLength: count, maxLength: count };
    return fc.record({
      delays: fc.array(fc.boolean(), perNode),
      arrows: fc.uniqueArray(
        fc.tuple(at, at).filter(([from, to]) => from !== to),
        { minLength: count, maxLength: 10, selector: (ends) => ends.join() },
      ),
      behaviours: fc.array(fc.nat(3), perNode),
      capacity: fc.integer({ min: 1, max: 5 }),
      maxHops: fc.integer({ min: 1, max: 4 }),
      heads: fc.uniqueArray(at, { minLength: 1, maxLength: 2 }),
      packets: fc.integer({ min: 1, max: 12 }),
    });
  })
  .filter(({ arrows, delays }) => rankLoops(arrows, delays)?.feedback.some(Boolean) ?? false);

const luck = ({ packet_id }: StreamPacket, salt: string) => Number(Bun.hash(salt + packet_id) % 7n);

function* halves(one: StreamPacket) {
  for (const half of ["a", "b"]) yield packet({ ...one, packet_id: `${one.packet_id}${half}` });
}

function behave(behaviour: number, id: string): NodeInstance["process"] {
  const table: NodeInstance["process"][] = [
    (one, emit) => emit.out!(one),
    (one, emit) => (luck(one, id) > 1 ? emit.out!(one) : undefined),
    (one) => (luck(one, id) > 3 ? halves(one) : undefined),
    (one, emit) => emit.out!(packet({ ...one, packet_id: `${one.packet_id}'` })),
  ];
  return table[behaviour]!;
}

async function observe(shape: Shape, fuse: boolean) {
  const taken: Record<string, string[]> = {};
  const acked: string[] = [];
  const runtime = { max_hops: shape.maxHops, inbox: { capacity: shape.capacity } };
  const nodes = shape.delays.map((isDelay, at): TestNode => {
    const id = `n${at}`;
    taken[id] = [];
    const process = behave(isDelay ? 0 : shape.behaviours[at]!, id);
    const create = () => ({
      process(one: StreamPacket, emit: Parameters<typeof process>[1], input: string) {
        taken[id]!.push(one.packet_id);
        return process(one, emit, input);
      },
    });
    return { id, kind: isDelay ? "delay" : "transform", inputs: ["in"], outputs: ["out"], runtime, create };
  });
  const hears = {
    ack: (one: StreamPacket) => void acked.push(one.packet_id),
    nack: (one: StreamPacket, why: string) => void acked.push(`${one.packet_id}: ${why}`),
  };
  const given = source("s", packets(shape.packets), hears);
  const edges = [...shape.heads.map((at) => `s -> n${at}`), ...shape.arrows.map(([from, to]) => `n${from} -> n${to}`)];
  const ended = await run([given, ...nodes], edges, { fuse }, { stepMs: 10 });
  return { taken, acked, ended };
}

/** What a run counts, by node and by edge. */
const tally = ({ nodes, edges }: TestRun) => ({
  nodes: nodes.map(({ id, counters: { consumed, produced, deadLetters, dropped } }) => ({
    id,
    consumed,
    produced,
    deadLetters,
    dropped: drops(dropped),
  })),
  edges: edges.map(({ counters: { passed, dropped } }) => ({ passed, dropped: drops(dropped) })),
});

test("graphs with cycles take the same packets in the same order fused and unfused, and account for every one", async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(shapes, async (shape) => {
      const fused = await observe(shape, true);
      const unfused = await observe(shape, false);
      expect({ ...fused, ended: tally(fused.ended) }).toEqual({ ...unfused, ended: tally(unfused.ended) });
      expect(fused.ended.stopReason).toBe("end_of_input");
      // Every packet of the source is answered once.
      expect(fused.acked.map((text) => text.split(":")[0]!).toSorted()).toEqual(
        packets(shape.packets)
          .map(({ packet_id }) => packet_id)
          .toSorted(),
      );
      for (const { id, inboxes } of fused.ended.nodes) {
        if (inboxes.length === 0) continue;
        const { consumed, dropped } = counters(fused.ended, id);
        for (const reason of dropped.keys()) seen.add(reason);
        const passed = fused.ended.edges
          .filter(({ to }) => to === id)
          .reduce((sum, { counters: { passed: n } }) => sum + n, 0);
        expect([id, passed]).toEqual([id, consumed + [...dropped.values()].reduce((sum, n) => sum + n, 0)]);
        for (const { depth, peak } of inboxes) expect([depth, peak <= shape.capacity]).toEqual([0, true]);
      }
    }),
    { numRuns: 1_500, seed: 8 },
  );
  expect([...seen].toSorted()).toEqual(["hop_limit", "loop_full"]);
}, 30_000);

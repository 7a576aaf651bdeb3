import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { type Clock, sleep } from "../../src/base/clock.ts";
import { type Random, seededRandom } from "../../src/base/random.ts";
import type { InboxLimits } from "../../src/graph/plan.ts";
import type { NodeContext, NodeInstance } from "../../src/node/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import { counters, drops, node, packets, run, source, type TestNode, type TestRun } from "../support/engine.ts";
import { packet } from "../support/node.ts";

const SYNC = ["identity", "filter", "burst", "expand", "both"] as const;
const ASYNC = ["later", "expandLater"] as const;
type Behaviour = (typeof SYNC)[number] | (typeof ASYNC)[number];

/** A node of a random graph; `from` are positions among the nodes before it. */
interface Shape {
  behaviour: Behaviour;
  from: number[];
  inbox: InboxLimits;
  concurrency: number;
  ordered: boolean;
}

interface Graph {
  sources: { count: number; chunk: number }[];
  shapes: Shape[];
  seed: number;
}

const overflow = fc.constantFrom("block", "block", "drop_newest", "drop_oldest", "weighted_drop");
const inboxes = (overflows: fc.Arbitrary<string>) =>
  fc.record({
    capacity: fc.integer({ min: 1, max: 4 }),
    max_bytes: fc.constantFrom(600, 2_000, 1_000_000),
    overflow: overflows,
    weights: fc.constant({ key: "weight", values: { "0": 1, "1": 2 }, fallback: 1 }),
  }) as fc.Arbitrary<InboxLimits>;

const graphs = (behaviours: readonly Behaviour[], overflows: fc.Arbitrary<string>): fc.Arbitrary<Graph> =>
  fc.record({
    sources: fc.array(fc.record({ count: fc.integer({ min: 0, max: 25 }), chunk: fc.integer({ min: 1, max: 5 }) }), {
      minLength: 1,
      maxLength: 3,
    }),
    shapes: fc.array(
      fc.record({
        behaviour: fc.constantFrom(...behaviours),
        from: fc.array(fc.nat(20), { minLength: 1, maxLength: 3 }),
        inbox: inboxes(overflows),
        concurrency: fc.integer({ min: 1, max: 4 }),
        ordered: fc.boolean(),
      }),
      { minLength: 1, maxLength: 8 },
    ),
    seed: fc.nat(),
  });

/** A number from a packet's id, so that what a node does depends on the packet alone. */
function luck({ packet_id }: StreamPacket, salt: string): number {
  return new Bun.CryptoHasher("md5").update(salt + packet_id).digest()[0]!;
}

const child = (of: StreamPacket, id: string, at: number) =>
  packet({ ...of, packet_id: `${of.packet_id}/${id}${at}`, meta: { weight: `${at % 2}` } });

function* children(of: StreamPacket, id: string) {
  for (let at = 0; at < luck(of, id) % 4; at++) yield child(of, id, at);
}

/** What a node of each behaviour does; it never says so by anything but its packets. */
function behave(behaviour: Behaviour, id: string, { clock, random }: NodeContext): NodeInstance["process"] {
  const table: Record<Behaviour, NodeInstance["process"]> = {
    identity: (one, emit) => emit.out!(one),
    filter: (one, emit) => (luck(one, id) % 2 === 0 ? emit.out!(one) : undefined),
    burst(one, emit) {
      for (const made of children(one, id)) emit.out!(made);
    },
    expand: (one) => children(one, id),
    both(one, emit) {
      if (luck(one, id) % 3 === 0) return children(one, id);
      emit.out!(one);
    },
    async later(one, emit) {
      if (luck(one, id) % 3 === 0) emit.out!(one);
      await pause(clock, random);
      if (luck(one, id) % 3 === 1) emit.out!(one);
    },
    expandLater: (one) => childrenLater(one, id, clock, random),
  };
  return table[behaviour];
}

const pause = (clock: Clock, random: Random) => sleep(clock, random.uint32() % 20);

async function* childrenLater(of: StreamPacket, id: string, clock: Clock, random: Random) {
  for (const made of children(of, id)) {
    await pause(clock, random);
    yield made;
  }
}

interface Observed {
  /** Ids taken by each node, in order. */
  taken: Record<string, string[]>;
  ended: TestRun;
}

/** Builds and runs a graph; every node that nothing follows is an end. */
/** 200 graphs take 2 s on an idle core, and a machine that runs the tests is seldom idle. */
const SLOW_MS = 30_000;

async function observe({ sources, shapes, seed }: Graph, fuse: boolean): Promise<Observed> {
  const taken: Record<string, string[]> = {};
  const ids = [...sources.keys()].map((at) => `s${at}`);
  const nodes: TestNode[] = sources.map(({ count, chunk }, at) =>
    source(`s${at}`, chunks(packets(count, `s${at}.`), chunk)),
  );
  const edges: string[] = [];
  for (const [at, shape] of shapes.entries()) {
    const id = `n${at}`;
    for (const from of shape.from) edges.push(`${ids[from % ids.length]} -> ${id}`);
    ids.push(id);
    taken[id] = [];
    nodes.push({
      id,
      kind: "transform",
      inputs: ["in"],
      outputs: ["out"],
      runtime: { inbox: shape.inbox, concurrency: shape.concurrency, ordered: shape.ordered },
      create(context) {
        const process = behave(shape.behaviour, id, { ...context, random: seededRandom(seed) });
        return {
          process(one, emit, input) {
            taken[id]!.push(one.packet_id);
            return process(one, emit, input);
          },
        };
      },
    });
  }
  return { taken, ended: await run(nodes, edges, { fuse }, { seed, stepMs: 10 }) };
}

function* chunks(all: StreamPacket[], size: number) {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size) as unknown as StreamPacket;
}

/** Everything a run counts that does not depend on time. */
function tally({ taken, ended }: Observed) {
  return {
    taken,
    nodes: ended.nodes.map(({ id, counters: { consumed, produced, errors, dropped } }) => ({
      id,
      consumed,
      produced,
      errors,
      dropped: drops(dropped),
    })),
    edges: ended.edges.map(({ counters: { passed, dropped } }) => ({ passed, dropped: drops(dropped) })),
  };
}

function expectBounds(graph: Graph, { ended }: Observed) {
  for (const [at, { inbox }] of graph.shapes.entries()) {
    expect(ended.nodes[graph.sources.length + at]!.inboxes[0]!.peak).toBeLessThanOrEqual(inbox.capacity);
  }
}

/** Every packet that was sent was taken or dropped for a reason, and nothing is left. */
function expectConservation({ ended }: Observed) {
  for (const { id, inboxes, inFlight } of ended.nodes) {
    expect([id, inFlight, ...inboxes.map((inbox) => inbox.depth)]).toEqual([id, 0, ...inboxes.map(() => 0)]);
    const into = ended.edges.filter((edge) => edge.to === id);
    const passed = into.reduce((sum, edge) => sum + edge.counters.passed, 0);
    const dropped = [...counters(ended, id).dropped.values()].reduce((sum, n) => sum + n, 0);
    if (inboxes.length > 0) expect([id, passed]).toEqual([id, counters(ended, id).consumed + dropped]);
  }
}

test(
  "a fused run takes the same packets in the same order, counts and drops the same as an unfused one",
  async () => {
    await fc.assert(
      fc.asyncProperty(graphs(SYNC, overflow), async (graph) => {
        const fused = await observe(graph, true);
        expect(tally(fused)).toEqual(tally(await observe(graph, false)));
        expect(fused.ended.status).toBe("ok");
        expectBounds(graph, fused);
        expectConservation(fused);
      }),
      { numRuns: 1_000 },
    );
  },
  SLOW_MS,
);

test("what a full inbox held back goes before what its node makes, fused or not", async () => {
  const order = async (fuse: boolean) => {
    const taken: string[] = [];
    const small = { runtime: { inbox: { capacity: 1 } } };
    const tag = (id: string, options = {}) =>
      node(id, (one, emit) => emit.out!(packet({ ...one, packet_id: `${id}:${one.packet_id}` })), options);
    const end = node("end", (one) => void taken.push(one.packet_id), { kind: "sink", outputs: [] });
    const graph = [source("s", packets(1)), node("a", undefined, small), tag("b"), tag("c", small), end];
    await run(graph, ["s -> a", "s -> c", "s -> c", "a -> b", "b -> end", "c -> end"], { fuse });
    return taken;
  };
  expect(await order(false)).toEqual(["c:p0", "c:p0", "b:p0"]);
  expect(await order(true)).toEqual(await order(false));
});

test(
  "graphs with async nodes keep every bound and account for every packet",
  async () => {
    await fc.assert(
      fc.asyncProperty(graphs([...SYNC, ...ASYNC], overflow), fc.boolean(), async (graph, fuse) => {
        const seen = await observe(graph, fuse);
        expect(seen.ended.status).toBe("ok");
        expectBounds(graph, seen);
        expectConservation(seen);
      }),
      { numRuns: 300 },
    );
  },
  SLOW_MS,
);

test(
  "graphs that block deliver every packet, fused or not, whatever their nodes wait for",
  async () => {
    await fc.assert(
      fc.asyncProperty(graphs([...SYNC, ...ASYNC], fc.constant("block")), async (graph) => {
        const roomy = { ...graph, shapes: graph.shapes.map((shape) => ({ ...shape, inbox: ROOMY, concurrency: 1 })) };
        const expected = sorted(await observe(roomy, false));
        expect(sorted(await observe(graph, true))).toEqual(expected);
        expect(sorted(await observe(graph, false))).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  },
  SLOW_MS,
);

test(
  "nodes that keep order give every edge the order of one call at a time",
  async () => {
    const chain = graphs([...SYNC, ...ASYNC], fc.constant("block")).map(({ sources, shapes, seed }) => ({
      sources: sources.slice(0, 1),
      shapes: shapes.map((shape, at) => ({ ...shape, from: [at], ordered: true })),
      seed,
    }));
    await fc.assert(
      fc.asyncProperty(chain, async (graph) => {
        const one = { ...graph, shapes: graph.shapes.map((shape) => ({ ...shape, concurrency: 1 })) };
        expect((await observe(graph, true)).taken).toEqual((await observe(one, true)).taken);
      }),
      { numRuns: 200 },
    );
  },
  SLOW_MS,
);

const ROOMY: InboxLimits = { capacity: 100_000, max_bytes: 1e9, overflow: "block" };

const sorted = ({ taken }: Observed) =>
  Object.fromEntries(Object.entries(taken).map(([id, list]) => [id, list.toSorted()]));

import { expect, test } from "bun:test";
import { edge, node, packets, run, sink, source } from "../support/engine.ts";
import { packet } from "../support/node.ts";

test("sources are pulled in turn and an ended one is left out", async () => {
  const end = sink("end");
  const graph = [source("a", packets(3, "a")), source("b", packets(1, "b")), source("c", packets(3, "c")), end];
  await run(graph, ["a -> end", "b -> end", "c -> end"]);
  expect(end.ids).toEqual(["a0", "b0", "c0", "a1", "c1", "a2", "c2"]);
});

test("a burst through two branches gives every edge the same packets in the same order", async () => {
  const seen: string[] = [];
  const spy = (id: string) =>
    node(id, (one, emit) => {
      seen.push(`${id}:${one.payload}`);
      emit.out!(one);
    });
  const burst = node("burst", (one, emit) => {
    for (let at = 0; at < 2; at++) emit.out!(packet({ ...one, payload: at }));
  });
  const end = sink("z");
  const edges = ["s -> burst", "burst -> x", "burst -> y", "x -> z", "y -> z"];
  const ended = await run([source("s", packets(1)), burst, spy("x"), spy("y"), end], edges);
  for (const branch of ["x", "y"]) {
    expect(seen.filter((entry) => entry.startsWith(branch))).toEqual([`${branch}:0`, `${branch}:1`]);
    expect(edge(ended, `${branch} -> z`).passed).toBe(2);
  }
  expect(end.got.map((one) => one.payload).sort()).toEqual([0, 0, 1, 1]);
});

test("a packet leaves the graph before the next one enters", async () => {
  const trace: string[] = [];
  function* traced() {
    for (const one of packets(2)) {
      trace.push(`pull ${one.packet_id}`);
      yield one;
    }
  }
  const spy = (id: string) =>
    node(id, (one, emit) => {
      trace.push(`${id} ${one.packet_id}`);
      emit.out!(one);
    });
  await run([source("s", traced), spy("a"), spy("b"), sink("end")], ["s -> a", "a -> b", "b -> end"]);
  expect(trace).toEqual(["pull p0", "a p0", "b p0", "pull p1", "a p1", "b p1"]);
});

test("a fan-in takes packets in the order they arrived", async () => {
  const end = sink("end");
  const graph = [source("s", packets(3)), node("x"), node("y"), end];
  await run(graph, ["s -> y", "s -> x", "x -> end", "y -> end"]);
  // y stands later in the graph, so of the two it is the more downstream one and runs first.
  expect(end.ids).toEqual(["p0", "p0", "p1", "p1", "p2", "p2"]);
});

test("input ports of one node take turns", async () => {
  const taken: string[] = [];
  const join = node("join", (one, _emit, input) => void taken.push(`${input}:${one.packet_id}`), {
    kind: "sink",
    inputs: ["left", "right"],
    outputs: [],
  });
  const burst = node(
    "burst",
    (_one, emit) => {
      for (const one of packets(3, "l")) emit.left!(one);
      for (const one of packets(3, "r")) emit.right!(one);
    },
    { outputs: ["left", "right"] },
  );
  await run(
    [source("s", packets(1)), burst, join],
    ["s -> burst", "burst.left -> join.left", "burst.right -> join.right"],
  );
  expect(taken).toEqual(["left:l0", "right:r0", "left:l1", "right:r1", "left:l2", "right:r2"]);
});

test("duplicate edges deliver twice", async () => {
  const end = sink("end");
  await run([source("s", packets(2)), end], ["s -> end", "s -> end"]);
  expect(end.ids).toEqual(["p0", "p0", "p1", "p1"]);
});

test("one producer may feed two ports of one node through the smallest inboxes", async () => {
  const taken: string[] = [];
  const join = node("join", (one, _emit, input) => void taken.push(`${input}:${one.packet_id}`), {
    kind: "sink",
    inputs: ["left", "right"],
    outputs: [],
    runtime: { inbox: { capacity: 1 } },
  });
  const edges = ["s -> join.left", "s -> join.right", "s -> join.left"];
  const ended = await run([source("s", packets(2)), join], edges);
  expect(taken.toSorted()).toEqual(["left:p0", "left:p0", "left:p1", "left:p1", "right:p0", "right:p1"]);
  expect(ended.nodes[1]!.inboxes.map((inbox) => inbox.peak)).toEqual([1, 1]);
});

test("the same graph and seed give the same ids, order and counters", async () => {
  const once = async (seed: number) => {
    const end = sink("end");
    const made = node("make", () => undefined, {
      create: ({ packet: make, random }) => ({
        process(one, emit) {
          if (random.float() < 0.7) emit.out!(make({ kind: "raw", payload: one.payload }));
        },
      }),
    });
    const ended = await run([source("s", packets(50)), made, end], ["s -> make", "make -> end"], {}, { seed });
    return { ids: end.ids, nodes: ended.nodes.map((one) => one.counters) };
  };
  const first = await once(7);
  expect(await once(7)).toEqual(first);
  expect((await once(8)).ids).not.toEqual(first.ids);
});

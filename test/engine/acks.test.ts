import { expect, test } from "bun:test";
import type { SourceInstance } from "../../src/node/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import {
  counters,
  engine,
  macrotask,
  node,
  packets,
  run,
  sink,
  source,
  type TestNode,
  type TestRuntime,
  toEnd,
} from "../support/engine.ts";

/** A source that waits, and what it heard of each packet. */
function waiting(count: number, run: SourceInstance["run"] = () => packets(count)) {
  const heard: Record<string, string[]> = {};
  const hear = ({ packet_id }: StreamPacket, answer: string) => {
    heard[packet_id] ??= [];
    heard[packet_id].push(answer);
  };
  const one = source("s", run, { ack: (of) => hear(of, "ack"), nack: (of, reason) => hear(of, `nack ${reason}`) });
  return { one, heard };
}

/** What a source hears when every packet is acked once. */
const acked = (count: number) => Object.fromEntries(packets(count).map((of) => [of.packet_id, ["ack"]]));

const copies = (count: number) => (one: StreamPacket) => packets(count, `${one.packet_id}.`);

const GRAPHS: Record<string, { nodes: () => TestNode[]; edges: string[] }> = {
  "a chain": { nodes: () => [node("a"), node("b"), sink("z")], edges: ["s -> a", "a -> b", "b -> z"] },
  "no edges": { nodes: () => [], edges: [] },
  "an edge of its own": { nodes: () => [sink("z")], edges: ["s -> z"] },
  "a fan-out that comes together again": {
    nodes: () => [node("a"), node("b"), sink("z", { inbox: { capacity: 1 } })],
    edges: ["s -> a", "s -> b", "a -> z", "b -> z"],
  },
  "a filter that passes nothing": { nodes: () => [node("a", () => {}), sink("z")], edges: ["s -> a", "a -> z"] },
  "a node that makes new packets": {
    nodes: () => [
      node("a", (one, emit) => {
        for (const made of copies(3)(one)) emit.out!(made);
      }),
      sink("z", { inbox: { capacity: 1 } }),
    ],
    edges: ["s -> a", "a -> z"],
  },
  "an async node": {
    nodes: () => [
      node(
        "a",
        async (one, emit) => {
          await macrotask();
          emit.out!(one);
        },
        { runtime: { concurrency: 4 } },
      ),
      sink("z"),
    ],
    edges: ["s -> a", "a -> z"],
  },
  "an iterator into a small inbox": {
    nodes: () => [node("a", (one) => copies(5)(one)[Symbol.iterator]()), sink("z", { inbox: { capacity: 1 } })],
    edges: ["s -> a", "a -> z"],
  },
  "an async iterator": {
    nodes: () => [
      node(
        "a",
        async function* (one) {
          for (const made of copies(5)(one)) {
            await macrotask();
            yield made;
          }
        },
        { runtime: { concurrency: 2 } },
      ),
      sink("z", { inbox: { capacity: 1 } }),
    ],
    edges: ["s -> a", "a -> z"],
  },
  "a port without an edge": {
    nodes: () => [node("a", (one, emit) => emit.side!(one), { outputs: ["out", "side"] }), sink("z")],
    edges: ["s -> a", "a -> z"],
  },
  "the same edge twice": { nodes: () => [sink("z", { inbox: { capacity: 1 } })], edges: ["s -> z", "s -> z"] },
};

for (const [title, { nodes, edges }] of Object.entries(GRAPHS)) {
  for (const fuse of [true, false]) {
    test(`each packet is acked once through ${title} (fuse: ${fuse})`, async () => {
      const { one, heard } = waiting(6);
      await run([one, ...nodes()], edges, { fuse });
      expect(heard).toEqual(acked(6));
    });
  }
}

test("a packet is acked only when its last descendant is done", async () => {
  let release!: () => void;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { one, heard } = waiting(1);
  const slow = node("slow", () => gate, { kind: "sink", outputs: [] });
  const ending = run([one, sink("quick"), slow], ["s -> quick", "s -> slow"]);
  await macrotask();
  expect(heard).toEqual({});
  release();
  await ending;
  expect(heard).toEqual(acked(1));
});

const fails = () => {
  throw new Error("no");
};
const ON_ERROR: Record<string, { runtime: TestRuntime; answer: string }> = {
  dead_letter: { runtime: { on_error: "dead_letter" }, answer: 'nack node "a": no' },
  retry: { runtime: { on_error: "retry", max_retries: 2 }, answer: 'nack node "a": no' },
  drop: { runtime: { on_error: "drop" }, answer: "ack" },
  fail: { runtime: { on_error: "fail" }, answer: 'nack node "a": no' },
};

for (const [policy, { runtime, answer }] of Object.entries(ON_ERROR)) {
  for (const [how, process] of Object.entries({ throws: fails, rejects: async () => fails() })) {
    test(`a packet on which a node ${how} under on_error ${policy} is answered once: ${answer}`, async () => {
      const { one, heard } = waiting(1);
      await run([one, node("a", process, { runtime }), sink("z")], ["s -> a", "a -> z"]);
      expect(heard).toEqual({ p0: [answer] });
    });
  }
}

test("a packet whose retry succeeds is acked", async () => {
  let attempts = 0;
  const { one, heard } = waiting(1);
  const work = node("a", () => (attempts++ < 2 ? fails() : undefined), { runtime: { on_error: "retry" } });
  await run([one, work, sink("z")], ["s -> a", "a -> z"]);
  expect(heard).toEqual(acked(1));
});

for (const overflow of ["drop_newest", "drop_oldest", "weighted_drop"] as const) {
  test(`a packet given up by ${overflow} is acked, as the graph chose to lose it`, async () => {
    const { one, heard } = waiting(4);
    const burst = node("a", (of, emit) => {
      for (const made of copies(5)(of)) emit.out!(made);
    });
    const ended = await run([one, burst, sink("z", { inbox: { capacity: 2, overflow } })], ["s -> a", "a -> z"]);
    expect(heard).toEqual(acked(4));
    expect(counters(ended, "z").dropped.get(overflow)).toBe(12);
  });
}

test("a packet that an inbox with overflow fail refuses is nacked, and so is what it held", async () => {
  const { one, heard } = waiting(3);
  const burst = node("a", (of, emit) => {
    for (const made of copies(5)(of)) emit.out!(made);
  });
  await run([one, burst, sink("z", { inbox: { capacity: 2, overflow: "fail" } })], ["s -> a", "a -> z"]);
  expect(Object.keys(heard)).toEqual(["p0"]);
  expect(heard.p0).toHaveLength(1);
  expect(heard.p0![0]).toStartWith("nack inbox");
});

test("a burst that is cut off for its length is nacked once", async () => {
  const { one, heard } = waiting(2);
  const burst = node("a", (of, emit) => {
    for (const made of copies(70_000)(of)) emit.out!(made);
  });
  await run([one, burst, sink("z", { inbox: { capacity: 2 } })], ["s -> a", "a -> z"]);
  expect(Object.keys(heard)).toEqual(["p0", "p1"]);
  expect(heard.p0).toEqual([expect.stringContaining("emitted more than 65536 packets")]);
});

test("packets in calls, inboxes and hands are nacked once when the time to drain is over", async () => {
  const { one, heard } = waiting(20);
  const stuck = node("z", () => new Promise<void>(() => {}), {
    kind: "sink",
    outputs: [],
    runtime: { inbox: { capacity: 2 }, concurrency: 2 },
  });
  const graph = [one, node("a"), node("b"), stuck];
  const edges = ["s -> a", "s -> b", "a -> z", "b -> z"];
  const { engine: running, host } = engine(graph, edges, { drainMs: 100 });
  const ending = running.run();
  await macrotask();
  running.stop("signal");
  const ended = await toEnd(ending, host);
  expect(Object.values(heard)).toEqual(Object.keys(heard).map(() => ["nack drain_deadline"]));
  expect(Object.keys(heard)).toHaveLength(counters(ended, "s").produced);
});

test("packets that wait for their retry are nacked once when the run is cut", async () => {
  const { one, heard } = waiting(1);
  const graph = [one, node("a", fails, { runtime: { on_error: "retry", max_retries: 1_000 } })];
  const { engine: running, host } = engine(graph, ["s -> a"], { drainMs: 50 });
  const ending = running.run();
  await macrotask();
  running.stop("signal");
  await toEnd(ending, host);
  expect(heard).toEqual({ p0: ["nack drain_deadline"] });
  expect(host.clock.pending).toBe(0);
});

test("an ack that throws is an error of the source, and the run goes on", async () => {
  const one = source("s", packets(3), {
    ack: () => {
      throw new Error("offset file is gone");
    },
  });
  const end = sink("z");
  const ended = await run([one, end], ["s -> z"]);
  expect(end.ids).toHaveLength(3);
  expect(ended).toMatchObject({ status: "degraded" });
  expect(ended.nodes[0]!.lastError!.message).toMatch(/^ack of packet p2 failed: .*offset file is gone$/);
});

test("an ack that stops the run leaves the packets behind it unsent", async () => {
  const end = sink("z");
  const one = source("s", packets(5), { ack: (of) => of.payload === 1 && running.stop("enough") });
  const { engine: running, host } = engine([one, end], ["s -> z"]);
  const ended = await toEnd(running.run(), host);
  expect(end.ids).toEqual(["p0", "p1"]);
  expect(ended).toMatchObject({ status: "ok", stopReason: "enough" });
});

for (const fuse of [true, false]) {
  test(`packets of a source that does not wait have no part in the acks of one that does (fuse: ${fuse})`, async () => {
    const { one, heard } = waiting(4);
    const graph = [one, source("other", packets(4, "o")), node("a"), sink("z")];
    await run(graph, ["s -> a", "other -> a", "a -> z"], { fuse });
    expect(heard).toEqual(acked(4));
  });
}

test("an ack may bring the next packet", async () => {
  let acks = 0;
  let hear = () => {};
  async function* onePerAck() {
    for (const [at, of] of packets(5).entries()) {
      yield of;
      while (acks <= at) {
        await new Promise<void>((resolve) => {
          hear = resolve;
        });
      }
    }
  }
  const one = source("s", onePerAck, {
    ack() {
      acks += 1;
      hear();
    },
  });
  const end = sink("z");
  await run([one, end], ["s -> z"]);
  expect(end.ids).toHaveLength(5);
});

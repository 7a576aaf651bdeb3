import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../src/base/random.ts";
import type { Engine } from "../../src/engine/index.ts";
import { changesOf, edgeName } from "../../src/graph/changes.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import type { Queue } from "../../src/store/index.ts";
import { DurableBox } from "../support/durable.ts";
import {
  counters,
  engine as engineOf,
  macrotask,
  node,
  plan,
  sink,
  source,
  type TestHost,
  type TestNode,
  toEnd,
} from "../support/engine.ts";
import { packet } from "../support/node.ts";

/** A source that sends while it is told to. */
function tap(id = "s", acked?: string[]) {
  let count = 0;
  let wake = () => {};
  let [open, ended] = [0, false];
  async function* run(signal: AbortSignal): AsyncGenerator<StreamPacket> {
    while (open > 0 || !ended) {
      if (open > 0) {
        open -= 1;
        yield packet({ packet_id: `${id}${count}`, source_id: id, payload: count++ });
        continue;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      if (signal.aborted) return;
    }
  }
  const ack = acked && { ack: (one: StreamPacket) => void acked.push(one.packet_id), nack: () => {} };
  return {
    node: source(id, run, { ...ack }),
    get sent() {
      return count;
    },
    send(more: number) {
      open += more;
      wake();
    },
    end() {
      ended = true;
      wake();
    },
  };
}

const numbers = (count: number, name = "s") => Array.from({ length: count }, (_, at) => `${name}${at}`);

/** As the command does it, with the changes between what runs and what is to run. */
function reload(one: Engine, nodes: readonly TestNode[], edges: readonly string[], options = {}) {
  const next = plan(nodes, edges);
  return one.reloads.reload(next, { changes: changesOf(one.plan, next), ...options });
}

async function pass(host: TestHost, ms: number) {
  for (let at = 0; at < ms; at += 10) {
    host.clock.advance(10);
    await macrotask();
  }
}

async function settle() {
  for (let at = 0; at < 20; at++) await macrotask();
}

const stateless = (one: TestNode): TestNode => ({ ...one, stateVersion: undefined });

describe("a reload", () => {
  test("puts a node between two others, and each packet goes through one graph only", async () => {
    const s = tap();
    const out = sink("out");
    const { engine, host } = engineOf([s.node, out], ["s -> out"]);
    const ended = engine.run();
    s.send(10);
    await settle();
    const seen: string[] = [];
    const mid = node("mid", (one, emit) => {
      seen.push(one.packet_id);
      emit.out!(one);
    });
    const result = await reload(engine, [s.node, mid, out], ["s -> mid", "mid -> out"]);
    expect(result).toMatchObject({ outcome: "reloaded", generation: 1 });
    s.send(10);
    s.end();
    const run = await toEnd(ended, host);
    expect(out.ids).toEqual(numbers(20));
    expect(seen).toEqual(numbers(20).slice(10));
    expect(counters(run, "out").consumed).toBe(20);
    expect(counters(run, "s").produced).toBe(20);
  });

  test("says that there was nothing to do", async () => {
    const s = tap();
    const out = sink("out");
    const { engine, host } = engineOf([s.node, out], ["s -> out"]);
    const ended = engine.run();
    await settle();
    expect(await reload(engine, [s.node, out], ["s -> out"])).toMatchObject({ outcome: "unchanged", generation: 0 });
    s.end();
    await toEnd(ended, host);
  });

  test("goes on with the old graph when a new node cannot be created or opened, and closes what was", async () => {
    const s = tap();
    const out = sink("out");
    const { engine, host } = engineOf([s.node, out], ["s -> out"]);
    const ended = engine.run();
    await settle();
    let closed = 0;
    const fine = node("fine", undefined, {
      close: () => {
        closed += 1;
      },
    });
    const bad: TestNode = {
      ...node("bad"),
      create() {
        throw new Error("no such thing");
      },
    };
    const broken: TestNode = {
      ...node("broken"),
      create: () => ({ process() {}, open: () => Promise.reject(new Error("nobody there")) }),
    };
    const edges = (id: string) => ["s -> fine", `fine -> ${id}`, `${id} -> out`];
    expect(await reload(engine, [s.node, fine, bad, out], edges("bad"))).toMatchObject({
      ...{ outcome: "rolled_back", generation: 0, reason: expect.stringContaining("no such thing") },
    });
    expect(await reload(engine, [s.node, fine, broken, out], edges("broken"))).toMatchObject({
      ...{ outcome: "rolled_back", reason: expect.stringContaining("nobody there") },
    });
    expect(closed).toBe(2);
    s.send(3);
    s.end();
    await toEnd(ended, host);
    expect(out.ids).toEqual(numbers(3));
  });

  test("gives up at its deadline with the name of who is busy, and the old graph goes on", async () => {
    const s = tap();
    let finish = () => {};
    const slow = node("slow", (one, emit) => {
      return new Promise<void>((resolve) => {
        finish = () => {
          emit.out!(one);
          resolve();
        };
      });
    });
    const out = sink("out");
    const { engine, host } = engineOf([s.node, slow, out], ["s -> slow", "slow -> out"]);
    const ended = engine.run();
    s.send(1);
    await settle();
    const reloading = reload(engine, [s.node, out], ["s -> out"], { deadlineMs: 100, dropState: true });
    await pass(host, 200);
    expect(await reloading).toMatchObject({
      outcome: "rolled_back",
      reason: expect.stringContaining('"slow" is busy'),
    });
    finish();
    s.end();
    await toEnd(ended, host);
    expect(out.ids).toEqual(["s0"]);
  });

  test("is refused while another is under way", async () => {
    const s = tap();
    const slow = node("slow", () => new Promise<void>(() => {}));
    const out = sink("out");
    const { engine, host } = engineOf([s.node, slow, out], ["s -> slow", "slow -> out"], { drainMs: 10 });
    const ended = engine.run();
    s.send(1);
    await settle();
    const options = { deadlineMs: 100, dropState: true };
    const first = reload(engine, [s.node, out], ["s -> out"], options);
    expect(await reload(engine, [s.node, out], ["s -> out"], options)).toMatchObject({
      ...{ outcome: "refused", reason: "another reload is under way" },
    });
    engine.stop("signal");
    expect(await first).toMatchObject({ outcome: "rolled_back", reason: "the run ends" });
    await toEnd(ended, host);
  });

  test("changes one branch while the sink of another does not answer", async () => {
    const [s, other] = [tap("s"), tap("o")];
    const stuck = sink("stuck", {}, { create: () => ({ process: () => new Promise<void>(() => {}) }) });
    const [out, late] = [sink("out"), node("late")];
    const before = [s.node, other.node, stuck, out];
    const { engine, host } = engineOf(before, ["s -> out", "o -> stuck"], { drainMs: 10 });
    const ended = engine.run();
    other.send(400);
    s.send(5);
    await settle();
    const after = [...before, late];
    expect(await reload(engine, after, ["s -> late", "late -> out", "o -> stuck"])).toMatchObject({
      outcome: "reloaded",
    });
    s.send(5);
    await settle();
    expect(out.ids).toEqual(numbers(10));
    engine.stop("signal");
    await toEnd(ended, host);
  });

  test("refuses to drop the state of a node, and says how to keep it", async () => {
    const s = tap();
    const [sum, out] = [node("sum"), sink("out")];
    const { engine, host } = engineOf([s.node, sum, stateless(out)], ["s -> sum", "sum -> out"]);
    const ended = engine.run();
    await settle();
    const gone = [s.node, stateless(out)];
    expect(await reload(engine, gone, ["s -> out"])).toMatchObject({
      outcome: "refused",
      reason: 'the state of node "sum" would be dropped: it is no part of the graph any more',
      hint: expect.stringContaining("--drop-state"),
    });
    expect(await reload(engine, gone, ["s -> out"], { dropState: true })).toMatchObject({ outcome: "reloaded" });
    s.end();
    await toEnd(ended, host);
  });

  test("carries the state of a node to the one that takes its place, which has its packets as well", async () => {
    const s = tap();
    const counting = (step: number): TestNode => {
      let sum = 0;
      const create = () => ({
        process: (one: StreamPacket, emit: Record<string, (packet: StreamPacket) => void>) => {
          sum += step;
          emit.out!({ ...one, payload: sum });
        },
        snapshot: () => sum,
        restore: (state: unknown) => {
          sum = Number(state);
        },
      });
      const made = node("sum", undefined, { create });
      return made;
    };
    const [one, ten] = [counting(1), counting(10)];
    const out = sink("out");
    const { engine, host } = engineOf([s.node, one, out], ["s -> sum", "sum -> out"]);
    const ended = engine.run();
    s.send(3);
    await settle();
    const next = plan([s.node, ten, out], ["s -> sum", "sum -> out"]);
    const after = {
      ...next,
      nodes: next.nodes.map((each) => (each.id === "sum" ? { ...each, config: { ten: 1 } } : each)),
    };
    const changes = changesOf(engine.plan, after);
    expect(await engine.reloads.reload(after, { changes })).toMatchObject({ outcome: "reloaded" });
    s.send(2);
    s.end();
    const run = await toEnd(ended, host);
    expect(out.got.map(({ payload }) => payload)).toEqual([1, 2, 3, 13, 23]);
    expect(counters(run, "sum").consumed).toBe(5);
  });

  test("of random graphs under traffic loses and doubles nothing, keeps the order and answers every packet", async () => {
    for (let seed = 1; seed <= 40; seed++) await randomReloads(seed);
  });
});

/** Chains of random nodes, some of them slow, between sources that wait for acks and sinks; edited again and again. */
async function randomReloads(seed: number) {
  const random = seededRandom(seed);
  const below = (bound: number) => Math.floor(random.float() * bound);
  const acked: string[] = [];
  const taps = [tap("s", acked), tap("r", acked)];
  const outs = [sink("out0", { inbox: { capacity: 4 } }), sink("out1", { inbox: { capacity: 4 } })];
  const pool = Array.from({ length: 8 }, (_, at): TestNode => {
    if (at % 3 !== 0) return node(`n${at}`, undefined, { runtime: { inbox: { capacity: 2 + at } } });
    const slow = async (one: StreamPacket, emit: Record<string, (packet: StreamPacket) => void>) => {
      await macrotask();
      emit.out!(one);
    };
    return node(`n${at}`, slow, { runtime: { concurrency: at + 1 } });
  });
  const shape = () => {
    const chosen = pool.filter(() => below(2) === 0);
    const halves = [chosen.filter((_, at) => at % 2 === 0), chosen.filter((_, at) => at % 2 === 1)];
    const edges = halves.flatMap((middle, at) => {
      const way = [taps[at]!.node.id, ...middle.map(({ id }) => id), outs[at]!.id];
      return way.slice(1).map((to, index) => `${way[index]} -> ${to}`);
    });
    return { nodes: [...taps.map((one) => one.node), ...chosen, ...outs], edges };
  };
  const first = shape();
  const { engine, host } = engineOf(first.nodes, first.edges, {}, seed);
  const ended = engine.run();
  await settle();
  for (let times = 0; times < 6; times++) {
    for (const one of taps) one.send(below(60));
    for (let at = below(6); at > 0; at--) await macrotask();
    const { nodes, edges } = shape();
    const { outcome, reason } = await reload(engine, nodes, edges, { dropState: true });
    if (outcome !== "reloaded" && outcome !== "unchanged") throw new Error(`seed ${seed}: ${outcome}: ${reason}`);
  }
  for (const one of taps) one.end();
  await toEnd(ended, host);
  for (const [at, one] of taps.entries()) {
    expect({ seed, ids: outs[at]!.ids }).toEqual({ seed, ids: numbers(one.sent, one.node.id) });
  }
  expect({ seed, acked: acked.sort() }).toEqual({
    ...{ seed, acked: taps.flatMap((one) => numbers(one.sent, one.node.id)).sort() },
  });
}

describe("a reload of a graph with durable edges", () => {
  /** Starts `edges`, sends some packets, and reloads to `after`, whose queues are those of the run by name. */
  async function change(before: string[], after: string[]) {
    const box = new DurableBox();
    const s = tap();
    const out = sink("out");
    const nodes = [stateless(s.node), stateless(node("b")), stateless(out)];
    const { engine, host, ended, queues, letters } = await box.start(nodes, before);
    s.send(50);
    await pass(host, 300);
    const next = box.plan(nodes, after);
    const known = new Map(engine.plan.edges.map((edge) => [edgeName(engine.plan, edge), queues.get(edge.index)]));
    const own = new Map<number, Queue>();
    const made: Queue[] = [];
    for (const edge of next.edges.filter(({ durable }) => durable !== undefined)) {
      const queue = known.get(edgeName(next, edge)) ?? (await box.open(`next${edge.index}`, host));
      if (![...queues.values()].includes(queue)) made.push(queue);
      own.set(edge.index, queue);
    }
    const changes = changesOf(engine.plan, next);
    const reloading = engine.reloads.reload(next, { changes, durable: { queues: own, letters } });
    s.send(20);
    const result = await toEnd(reloading, host);
    s.send(30);
    s.end();
    await toEnd(ended, host);
    await Promise.all(made.map((queue) => queue.close()));
    return { result, ids: out.ids };
  }

  test("keeps a queue that is open, and opens new ones", async () => {
    const { result, ids } = await change(["s => b", "b -> out"], ["s => b", "b => out"]);
    expect(result).toMatchObject({ outcome: "reloaded" });
    expect(ids).toEqual(numbers(100));
  });

  test("delivers what waits in one that goes while the node behind it stays", async () => {
    const { result, ids } = await change(["s => b", "b -> out"], ["s -> b", "b -> out"]);
    expect(result).toMatchObject({ outcome: "reloaded" });
    expect(ids).toEqual(numbers(100));
  });

  test("refuses to leave packets behind that nobody would read, and says how to keep them", async () => {
    const away = node("b", () => new Promise<void>(() => {}));
    const box = new DurableBox();
    const s = tap();
    const out = stateless(sink("out"));
    const edges = ["s => b", "b -> out"];
    const { engine, host, ended, queues, letters } = await box.start([stateless(s.node), stateless(away), out], edges, {
      drainMs: 10,
    });
    s.send(5);
    await pass(host, 200);
    const next = box.plan([stateless(s.node), out], ["s -> out"]);
    const changes = changesOf(engine.plan, next);
    expect(await engine.reloads.reload(next, { changes, durable: { queues, letters } })).toMatchObject({
      outcome: "refused",
      reason: "5 packets in durable edge s.out->b.in would be left on the disk, and nobody would read them",
      hint: expect.stringContaining("path:"),
    });
    engine.stop("signal");
    await toEnd(ended, host);
  });
});

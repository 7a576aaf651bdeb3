import { expect, test } from "bun:test";
import { sleep } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Hold, NodeContext, NodeInstance, SourceInstance } from "../../src/node/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import type { CheckpointStore, Queue } from "../../src/store/index.ts";
import { DurableBox } from "../support/durable.ts";
import { macrotask, node, packets, sink, source, type TestHost, type TestNode, toEnd } from "../support/engine.ts";
import { packet } from "../support/node.ts";

const PACKETS = 60;
const ALL = packets(PACKETS);
const SUM = (PACKETS * (PACKETS - 1)) / 2;
/** Moments of a checkpoint are all looked at; of the others, when a queue is about to be asked or has answered, one in so many. */
const ONE_IN = 12;
/** Virtual time moves by so much while nothing else can happen. */
const STEP_MS = 1;

/** Calls of a file between which a machine may be switched off. */
const CALLS = ["enqueue", "lease", "ack", "nack", "clear", "commit", "forgetDone"];

/** `target`, that tells before and after each of these calls. */
function told<Target extends object>(target: Target, moment: (what: string) => void): Target {
  const get = (_: Target, name: string) => {
    const value = Reflect.get(target, name);
    if (typeof value !== "function") return value;
    if (!CALLS.includes(name)) return value.bind(target);
    return async (...given: unknown[]) => {
      moment(`before ${name}`);
      // A disk that takes its time: whoever does not wait for the commit is ahead of it.
      for (let turn = 0; name === "commit" && turn < 8; turn++) await macrotask();
      moment(`late before ${name}`);
      const answer = await value.apply(target, given);
      moment(`after ${name}`);
      return answer;
    };
  };
  return new Proxy(target, { get: get as ProxyHandler<Target>["get"] });
}

/** Adds up what comes, and passes it on. */
function adding(id: string, of: (one: StreamPacket) => number): TestNode & { known: { sum: number } } {
  const known = { sum: 0 };
  const create = (): NodeInstance => ({
    process(one, emit) {
      known.sum += of(one);
      emit.out!(one);
    },
    snapshot: () => ({ ...known }),
    restore: (state) => void Object.assign(known, state),
  });
  return { ...node(id), create, known };
}

/** Keeps packets until there are five, and makes one of them, under the same key whenever it makes it. */
function fives(): TestNode {
  const create = ({ hold, carry }: NodeContext): NodeInstance => {
    let kept: { one: StreamPacket; hold: Hold | undefined }[] = [];
    return {
      process(one, emit) {
        kept.push({ one, hold: hold() });
        if (kept.length < 5) return;
        carry(kept.map((entry) => entry.hold));
        const values = kept.map((entry) => entry.one.payload as number);
        kept = [];
        emit.out!(
          packet({ payload: values, source_id: "fives", meta: { idempotency_key: `five/${values.join("/")}` } }),
        );
      },
      snapshot: () => kept.map(({ one }) => ({ ...one })),
      restore(state) {
        kept = (state as StreamPacket[]).map((one) => ({ one: packet(one), hold: undefined }));
      },
    };
  };
  return { ...node("fives"), create };
}

/** A graph whose two sums must be those of all packets in the end, however often the machine is switched off. */
function graph(random: () => number) {
  const [first, second] = [adding("first", (one) => one.payload as number), adding("second", fiveOf)];
  const slow = node("slow", async (one, emit) => {
    if (random() < 0.3) for (let turn = 0; turn < 4; turn++) await macrotask();
    emit.out!(one);
  });
  // Slowly, so that checkpoints come in between.
  const create = ({ clock }: NodeContext): SourceInstance => ({
    async *run(signal) {
      for (const one of ALL) {
        yield one;
        await sleep(clock, 1, signal);
      }
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    },
  });
  const staying = { ...source("in", []), create };
  const edges = ["in => first", "first -> slow", "slow -> fives", "fives => second", "second -> out"];
  return { nodes: [staying, first, slow, fives(), second, sink("out")], edges, first, second };
}

const fiveOf = ({ payload }: StreamPacket) => (payload as number[]).reduce((sum, one) => sum + one, 0);

async function pass(host: TestHost, ms: number, until: () => boolean = () => false) {
  for (let at = 0; at < ms && !until(); at += STEP_MS) {
    for (let turn = 0; turn < 4; turn++) await macrotask();
    host.clock.advance(STEP_MS);
  }
}

test.each([1, 2])(
  "two sums and the packets kept between them are right, wherever a machine is switched off between files (seed %i)",
  async (seed) => {
    const random = seededRandom(seed);
    const moments = new Map<string, DurableBox>();
    let on = true;
    const moment = (what: string) => {
      if (on && (what.endsWith("commit") || random.uint32() % ONE_IN === 0))
        moments.set(`${moments.size}: ${what}`, box.afterCrash());
    };
    using box = new DurableBox({ ordered: seed % 2 === 0 }, (queue: Queue) => told(queue, moment));
    box.checkpoint = { interval_ms: 4 * seed };
    const { nodes, edges, first, second } = graph(() => random.float());
    const run = await box.start(nodes, edges, {}, (store: CheckpointStore) => told(store, moment));
    await pass(run.host, 3_000, () => second.known.sum === SUM);
    on = false;
    expect([first.known.sum, second.known.sum]).toEqual([SUM, SUM]);
    run.engine.stop("signal");
    await toEnd(run.ended, run.host);
    expect([...moments.keys()].some((what) => what.endsWith("after commit"))).toBe(true);
    expect(moments.size).toBeGreaterThan(20);
    for (const [what, crashed] of moments) {
      using after = crashed;
      const again = graph(() => random.float());
      const next = await after.start(again.nodes, again.edges);
      await pass(next.host, 5_000, () => again.second.known.sum === SUM && again.first.known.sum === SUM);
      expect([what, again.first.known.sum, again.second.known.sum]).toEqual([what, SUM, SUM]);
      next.engine.stop("signal");
      await toEnd(next.ended, next.host);
    }
  },
  240_000,
);

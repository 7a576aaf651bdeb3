import { describe, expect, test } from "bun:test";
import type { Emit, Hold, NodeContext, NodeInstance } from "../../src/node/index.ts";
import { Unavailable } from "../../src/node/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import {
  counters,
  drops,
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
import { packet } from "../support/node.ts";

/** A source that waits, and what it heard of each packet, in order. */
function waiting(count: number, keeps = false) {
  const heard: string[] = [];
  const answer = ({ packet_id }: StreamPacket, told: string) => void heard.push(`${packet_id} ${told}`);
  const instance = {
    keeps,
    run: () => packets(count),
    ack: (of: StreamPacket) => answer(of, "ack"),
    nack: (of: StreamPacket, reason: string) => answer(of, `nack ${reason}`),
  };
  const one: TestNode = { ...source("s", []), create: () => instance };
  return { one, heard };
}

/** A node made of its context. */
const made = (id: string, create: (context: NodeContext) => NodeInstance, runtime: TestRuntime = {}): TestNode => ({
  ...node(id),
  runtime,
  create,
});

const joined = (of: readonly StreamPacket[]) => packet({ packet_id: of.map(({ packet_id }) => packet_id).join("+") });

/** Emits every `size` packets as one. Without `atOnce` when it is woken, `delayMs` after the last. */
function batch(size: number, { delayMs = Number.POSITIVE_INFINITY, later = false } = {}): TestNode {
  return made("batch", ({ hold, carry, wakeAfter, clock }) => {
    let kept: { one: StreamPacket; hold: Hold | undefined }[] = [];
    const send = (emit: Emit) => {
      carry(kept.map((entry) => entry.hold));
      const of = kept.map(({ one }) => one);
      kept = [];
      if (of.length > 0) emit.out!(joined(of));
    };
    return {
      process(one, emit) {
        kept.push({ one, hold: hold() });
        if (kept.length < size) return wakeAfter(Number.isFinite(delayMs) ? delayMs : undefined);
        if (!later) return send(emit);
        carry(kept.map((entry) => entry.hold));
        const of = kept.map((entry) => entry.one);
        kept = [];
        return new Promise((resolve) => {
          clock.setTimer(() => {
            emit.out!(joined(of));
            resolve();
          }, 5);
        });
      },
      wake: send,
    };
  });
}

const chain = ["s -> batch", "batch -> z"];

for (const fuse of [true, false]) {
  describe(fuse ? "a fused run" : "an unfused run", () => {
    test("acks held packets when what they became is done", async () => {
      const { one, heard } = waiting(6);
      const z = sink("z");
      const ended = await run([one, batch(3), z], chain, { fuse });
      expect(z.ids).toEqual(["p0+p1+p2", "p3+p4+p5"]);
      expect(heard).toEqual(["p0 ack", "p1 ack", "p2 ack", "p3 ack", "p4 ack", "p5 ack"]);
      expect(ended.status).toBe("ok");
    });

    test("acks the first batch before the second is there", async () => {
      const { one, heard } = waiting(4);
      const told: string[][] = [];
      const z = { ...sink("z"), create: () => ({ process: () => void told.push([...heard]) }) };
      await run([one, batch(2), z], chain, { fuse });
      expect(told).toEqual([[], ["p0 ack", "p1 ack"]]);
    });

    test("nacks held packets when what they became fails, and others not", async () => {
      const { one, heard } = waiting(4);
      const z = node(
        "z",
        ({ packet_id }) => {
          if (packet_id.includes("p0")) throw new Error("no");
        },
        { kind: "sink", outputs: [] },
      );
      const ended = await run([one, batch(2), z], chain, { fuse });
      expect(heard).toEqual(['p0 nack node "z": no', 'p1 nack node "z": no', "p2 ack", "p3 ack"]);
      expect(ended.deadLetters.recent.map((letter) => letter.packet!.packet_id)).toEqual(["p0+p1"]);
    });

    test("makes no dead letter of what came of packets that all come again", async () => {
      const { one, heard } = waiting(2, true);
      const z = node("z", () => {
        throw new Error("no");
      });
      const ended = await run([one, batch(2), z], chain, { fuse });
      expect(heard).toHaveLength(2);
      expect(ended.deadLetters.total).toBe(0);
    });

    test("wakes a node when nothing else can happen, and what it held leaves", async () => {
      const { one, heard } = waiting(5);
      const z = sink("z");
      const ended = await run([one, batch(3, { delayMs: 60_000 }), z], chain, { fuse });
      expect(z.ids).toEqual(["p0+p1+p2", "p3+p4"]);
      expect(heard.filter((told) => told.endsWith("ack"))).toHaveLength(5);
      expect(ended.uptimeMs).toBeLessThan(1_000);
      expect(ended.status).toBe("ok");
    });

    test("fails and counts what a node still holds at the end", async () => {
      const { one, heard } = waiting(3);
      const ended = await run([one, batch(2), sink("z")], chain, { fuse });
      expect(heard).toEqual(["p0 ack", "p1 ack", "p2 nack kept"]);
      expect(drops(counters(ended, "batch").dropped)).toEqual({ kept: 1 });
      expect(ended.status).toBe("degraded");
    });

    test("holds on when a call carries and goes on after it returned", async () => {
      const { one, heard } = waiting(4);
      const z = sink("z");
      await run([one, batch(2, { later: true }), z], chain, { fuse });
      expect(z.ids).toEqual(["p0+p1", "p2+p3"]);
      expect(heard).toEqual(["p0 ack", "p1 ack", "p2 ack", "p3 ack"]);
    });

    test("gives iterators of wake room, and acks at their end", async () => {
      const { one, heard } = waiting(3);
      const told: string[][] = [];
      const slow = made("z", ({ clock }) => ({
        process: () =>
          new Promise((resolve) => {
            told.push([...heard]);
            clock.setTimer(() => resolve(), 10);
          }),
      }));
      const spread = made("batch", ({ hold, carry, wakeAfter }) => {
        const kept: (Hold | undefined)[] = [];
        return {
          process() {
            kept.push(hold());
            wakeAfter(5);
          },
          *wake() {
            carry(kept.splice(0));
            yield* packets(5, "w");
          },
        };
      });
      const small = { ...slow, runtime: { inbox: { capacity: 1 } } };
      const ended = await run([one, spread, small], chain, { fuse });
      expect(told).toHaveLength(5);
      expect(told.flat()).toEqual([]);
      expect(heard).toEqual(["p0 ack", "p1 ack", "p2 ack"]);
      expect(counters(ended, "z").consumed).toBe(5);
    });
  });
}

describe("a hold", () => {
  /** Runs three packets into a node that holds each and gives what it did to `act`. */
  async function held(act: (hold: Hold, at: number) => void, runtime: TestRuntime = {}, keeps = false) {
    const { one, heard } = waiting(3, keeps);
    let count = 0;
    const keeper = made("k", ({ hold }) => ({ process: () => act(hold()!, count++) }), runtime);
    return { heard, ended: await run([one, keeper], ["s -> k"]) };
  }

  test("that is released twice is one copy less, once", async () => {
    const { heard, ended } = await held((hold) => {
      hold.release();
      hold.release();
      hold.fail(new Error("late"));
    });
    expect(heard).toEqual(["p0 ack", "p1 ack", "p2 ack"]);
    expect(ended.deadLetters.total).toBe(0);
  });

  test("that is shared makes its source wait for both", async () => {
    const { heard, ended } = await held((hold, at) => {
      const second = hold.share();
      hold.release();
      if (at === 0) second.release();
      if (at === 1) second.fail(new Error("no"));
    });
    expect(heard).toEqual(["p0 ack", 'p1 nack node "k": no', "p2 nack kept"]);
    expect(drops(counters(ended, "k").dropped)).toEqual({ kept: 1 });
  });

  test("that fails is a dead letter of its packet, and its source hears why", async () => {
    const { heard, ended } = await held((hold) => hold.fail(new Error("broken")));
    expect(heard[1]).toBe('p1 nack node "k": broken');
    expect(ended.deadLetters.recent.map((letter) => letter.packet!.packet_id)).toEqual(["p0", "p1", "p2"]);
  });

  test("that fails is none where the packet comes again", async () => {
    const { heard, ended } = await held((hold) => hold.fail(new Unavailable("away")), {}, true);
    expect(heard).toHaveLength(3);
    expect(ended.deadLetters.total).toBe(0);
  });

  test("that fails ends the run where the node's errors do", async () => {
    const { ended } = await held((hold) => hold.fail(new Error("broken")), { on_error: "fail" });
    expect(ended.failure).toContain("broken");
  });

  test("is none where nobody waits, and none outside of process", async () => {
    const got: unknown[] = [];
    let late: (() => Hold | undefined) | undefined;
    const keeper = made("k", ({ hold }) => {
      late = hold;
      return { process: () => void got.push(hold()) };
    });
    await run([source("s", packets(1)), keeper], ["s -> k"]);
    expect(got).toEqual([undefined]);
    expect(late!()).toBeUndefined();
  });

  test("stays when its node is thrown out of the call, and is failed at the end", async () => {
    const { heard } = await held(() => {
      throw new Error("no");
    });
    expect(heard).toEqual(['p0 nack node "k": no', 'p1 nack node "k": no', 'p2 nack node "k": no']);
  });
});

describe("carry", () => {
  async function fault(act: (context: NodeContext, hold: Hold | undefined, emit: Emit) => void) {
    const { one } = waiting(1);
    const keeper = made("k", (context) => ({ process: (_, emit) => act(context, context.hold(), emit) }));
    const ended = await run([one, keeper, sink("z")], ["s -> k", "k -> z"]);
    return ended.nodes.find(({ id }) => id === "k")!.lastError?.message;
  }

  test.each([
    ["over one edge", 1],
    ["over two edges", 2],
  ])("begins anew for what is emitted next, so that what fails takes nothing else with it, %s", async (_, ways) => {
    const { one, heard } = waiting(4);
    const kept: { one: StreamPacket; hold: Hold | undefined }[] = [];
    const keeper = made("k", ({ carry, hold }) => ({
      process(given, emit) {
        kept.push({ one: given, hold: hold() });
        if (kept.length < 4) return;
        // The last two together, the others alone.
        for (const group of [kept.slice(0, 1), kept.slice(1, 2), kept.slice(2)]) {
          carry(group.map((each) => each.hold));
          for (const each of group) emit.out!(each.one);
        }
      },
    }));
    const refusing = (id: string) =>
      node(id, ({ packet_id }) => {
        if (packet_id === "p1") throw new Error("no");
      });
    const sinks = ["y", "z"].slice(0, ways);
    await run([one, keeper, ...sinks.map(refusing)], ["s -> k", ...sinks.map((id) => `k -> ${id}`)]);
    // The one that the call was made with waits for all that the call emits.
    const answers = heard.map((answer) => answer.split(" ").slice(0, 2).join(" "));
    expect(answers.sort()).toEqual(["p0 ack", "p1 nack", "p2 ack", "p3 nack"]);
  });

  test("begins anew after packets that nobody waits for, and when nobody waits for the next", async () => {
    const { one, heard } = waiting(1);
    const kept: { one: StreamPacket; hold: Hold | undefined }[] = [];
    const keeper = made("k", ({ carry, hold }) => ({
      process: (given) => void kept.push({ one: given, hold: hold() }),
      advance(_, emit) {
        for (const each of kept.sort((a, b) => (a.one.packet_id < b.one.packet_id ? -1 : 1))) {
          carry([each.hold]);
          emit.out!(each.one);
        }
        kept.length = 0;
      },
    }));
    const z = node("z", ({ packet_id }) => {
      if (packet_id !== "p0") throw new Error("no");
    });
    const ended = await run(
      [source("a", packets(2, "a")), one, source("q", packets(2, "q")), keeper, z],
      ["a -> k", "s -> k", "q -> k", "k -> z"],
    );
    expect(heard).toEqual(["p0 ack"]);
    expect(counters(ended, "z")).toMatchObject({ consumed: 5 });
  });

  test("begins anew for what is emitted in the line behind a call that is not done", async () => {
    const { one, heard } = waiting(4);
    const holds: (Hold | undefined)[] = [];
    const told: string[][] = [];
    const keeper = made(
      "k",
      ({ carry, hold, clock }) => ({
        process({ packet_id }, emit) {
          if (packet_id < "p2") return void holds.push(hold());
          if (packet_id === "p2") return new Promise((resolve) => void clock.setTimer(resolve, 50));
          for (const [at, each] of holds.entries()) {
            carry([each]);
            emit.out!(packet(`of${at}`));
          }
        },
      }),
      { concurrency: 2 },
    );
    const z = node("z", ({ source_id }) => {
      told.push([...heard]);
      if (source_id === "of0") throw new Error("no");
    });
    await run([one, keeper, z], ["s -> k", "k -> z"]);
    expect(told).toEqual([["p2 ack"], ["p2 ack", 'p0 nack node "z": no']]);
    expect(heard).toEqual(["p2 ack", 'p0 nack node "z": no', "p1 ack", 'p3 nack node "z": no']);
  });

  test("refuses what is no hold", async () => {
    expect(await fault(({ carry }) => carry([{ share() {} } as never]))).toContain("what context.hold() returned");
  });

  test("refuses a call that awaited something", async () => {
    let refused = "";
    const { one } = waiting(1);
    const keeper = made("k", ({ carry, hold }) => ({
      async process() {
        const mine = hold();
        await macrotask();
        try {
          carry([mine]);
        } catch (error) {
          refused = (error as Error).message;
        }
        mine?.release();
      },
    }));
    await run([one, keeper], ["s -> k"]);
    expect(refused).toContain("before anything is awaited");
  });

  test("makes what a call emits wait for held packets of another source as well, when its own is awaited by nobody", async () => {
    const { one, heard } = waiting(1);
    let first: Hold | undefined;
    const keeper = made("k", ({ carry, hold }) => ({
      process(packet, emit) {
        if (first === undefined) {
          first = hold();
          return;
        }
        carry([first]);
        emit.out!(packet);
      },
    }));
    const z = node("z", () => {
      throw new Error("no");
    });
    await run([one, source("t", packets(1, "t")), keeper, z], ["s -> k", "t -> k", "k -> z"]);
    expect(heard).toEqual(['p0 nack node "z": no']);
  });
});

describe("wakeAfter", () => {
  /** A node that asks as `ask` says at each packet; when it was woken, by its clock. */
  function sleeper(ask: (context: NodeContext, at: number) => void) {
    const woken: number[] = [];
    const one = made("k", (context) => {
      let count = 0;
      return { process: () => ask(context, count++), wake: () => void woken.push(context.clock.monotonicMs()) };
    });
    return { one, woken };
  }

  /** A packet at each of these times. */
  function at(clock: { sleep: (ms: number) => Promise<void> }, times: readonly number[]) {
    return async function* () {
      let nowMs = 0;
      for (const time of times) {
        await clock.sleep(time - nowMs);
        nowMs = time;
        yield packet({ packet_id: `at${time}` });
      }
    };
  }

  async function timed(times: readonly number[], ask: (context: NodeContext, at: number) => void) {
    const { one, woken } = sleeper(ask);
    let sleep = (_: number) => Promise.resolve();
    const pulled = { sleep: (ms: number) => sleep(ms) };
    const { engine: running, host } = engine([source("s", at(pulled, times)), one], ["s -> k"]);
    sleep = (ms) => new Promise((resolve) => void host.clock.setTimer(resolve, ms));
    const ended = await toEnd(running.run(), host, 1);
    return { woken, ended, host };
  }

  test("wakes a node once, when the time is over", async () => {
    const { woken } = await timed([10, 500], ({ wakeAfter }, count) => count === 0 && wakeAfter(50));
    expect(woken).toEqual([60]);
  });

  test("that is asked again replaces what was asked", async () => {
    const { woken } = await timed([10, 20, 500], ({ wakeAfter }, count) => count < 2 && wakeAfter(50 + count));
    expect(woken).toEqual([71]);
  });

  test("that is asked again may come sooner", async () => {
    const { woken } = await timed(
      [10, 20, 500],
      ({ wakeAfter }, count) => count < 2 && wakeAfter(count === 0 ? 90 : 5),
    );
    expect(woken).toEqual([25]);
  });

  test("takes back what was asked", async () => {
    const { woken } = await timed([10, 20, 500], ({ wakeAfter }, count) => wakeAfter(count === 0 ? 50 : undefined));
    expect(woken).toEqual([]);
  });

  test("sets one timer for many packets", async () => {
    let most = 0;
    const times = Array.from({ length: 100 }, (_, step) => step + 1);
    const { woken } = await timed(times, ({ wakeAfter, clock }) => {
      wakeAfter(50);
      most = Math.max(most, (clock as { pending?: number }).pending ?? 0);
    });
    expect(woken).toHaveLength(1);
    expect(most).toBeLessThan(3);
  });

  test("refuses what is no time", async () => {
    const { ended } = await timed([1], ({ wakeAfter }) => wakeAfter(Number.NaN));
    expect(ended.nodes.at(-1)!.lastError!.message).toContain("NaN");
  });

  test("refuses a node without wake", async () => {
    const one = made("k", ({ wakeAfter }) => ({ process: () => wakeAfter(1) }));
    const ended = await run([source("s", packets(1)), one], ["s -> k"]);
    expect(ended.nodes.at(-1)!.lastError!.message).toContain("no wake");
    const early = made("k", ({ wakeAfter }) => {
      wakeAfter(1);
      return { process() {} };
    });
    expect((await run([source("s", packets(1)), early], ["s -> k"])).failure).toContain("no wake");
  });

  test("of a node that asks at every wake ends with the run", async () => {
    let calls = 0;
    const one = made("k", ({ wakeAfter }) => ({
      process: () => wakeAfter(1_000),
      wake(emit) {
        calls += 1;
        emit.out!(packet("tick"));
        wakeAfter(1_000);
      },
    }));
    const z = sink("z");
    await run([source("s", packets(1)), one, z], ["s -> k", "k -> z"]);
    expect(calls).toBe(100);
    expect(z.ids).toHaveLength(100);
  });
});

describe("a wake that throws", () => {
  const broken = (runtime: TestRuntime) =>
    made(
      "k",
      ({ hold, carry, wakeAfter }) => {
        const kept: (Hold | undefined)[] = [];
        let calls = 0;
        return {
          process() {
            kept.push(hold());
            wakeAfter(5);
          },
          wake(emit) {
            carry(kept.splice(0));
            if (calls++ === 0) throw new Error("no");
            emit.out!(packet("good"));
          },
        };
      },
      runtime,
    );

  async function wake(runtime: TestRuntime) {
    const heard: string[] = [];
    const all = packets(2);
    const { engine: running, host } = engine(
      [
        source(
          "s",
          async function* () {
            yield all[0]!;
            await new Promise<void>((resolve) => void host.clock.setTimer(resolve, 100));
            yield all[1]!;
          },
          {
            ack: ({ packet_id }) => void heard.push(`${packet_id} ack`),
            nack: ({ packet_id }, reason) => void heard.push(`${packet_id} nack ${reason}`),
          },
        ),
        broken(runtime),
        sink("z"),
      ],
      ["s -> k", "k -> z"],
    );
    return { ended: await toEnd(running.run(), host, 1), heard };
  }

  test("is an error of its node and a dead letter without a packet; the node goes on", async () => {
    const { ended, heard } = await wake({});
    expect(heard).toEqual(['p0 nack node "k": no', "p1 ack"]);
    expect(counters(ended, "k").errors).toBe(1);
    expect(ended.deadLetters.recent).toMatchObject([{ record: { call: "wake" }, node_id: "k", reason: "no" }]);
  });

  test("is not tried again", async () => {
    const { ended } = await wake({ on_error: "retry" });
    expect(counters(ended, "k")).toMatchObject({ errors: 1, retries: 0 });
  });

  test("ends the run with on_error: fail", async () => {
    expect((await wake({ on_error: "fail" })).ended.failure).toContain('node "k" failed: no');
  });

  test("is only counted with on_error: drop", async () => {
    const { ended, heard } = await wake({ on_error: "drop" });
    expect(heard).toEqual(["p0 ack", "p1 ack"]);
    expect(ended.deadLetters.total).toBe(0);
    expect(drops(counters(ended, "k").dropped)).toEqual({});
    expect(counters(ended, "k").errors).toBe(1);
  });
});

describe("a stop", () => {
  test("wakes nodes at once, so that what they hold leaves within the drain time", async () => {
    const { one: _, heard } = waiting(0);
    const { engine: running, host } = engine(
      [
        source(
          "s",
          async function* (signal) {
            yield* packets(2);
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
          },
          {
            ack: ({ packet_id }) => void heard.push(`${packet_id} ack`),
            nack: ({ packet_id }) => void heard.push(`${packet_id} nack`),
          },
        ),
        batch(5, { delayMs: 3_600_000 }),
        sink("z"),
      ],
      chain,
    );
    const ending = running.run();
    await macrotask();
    running.stop("signal");
    const ended = await toEnd(ending, host, 1);
    expect(heard).toEqual(["p0 ack", "p1 ack"]);
    expect(ended.uptimeMs).toBeLessThan(100);
    expect(host.clock.pending).toBe(0);
  });

  test("fails what a call of wake is emitting when the drain time is over", async () => {
    const heard: string[] = [];
    const { engine: running, host } = engine(
      [
        source(
          "s",
          async function* (signal) {
            yield* packets(2);
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
          },
          {
            ack: ({ packet_id }) => void heard.push(`${packet_id} ack`),
            nack: ({ packet_id }, reason) => void heard.push(`${packet_id} nack ${reason}`),
          },
        ),
        batch(5, { delayMs: 3_600_000 }),
        node("z", () => new Promise(() => {})),
      ],
      chain,
      { drainMs: 50 },
    );
    const ending = running.run();
    await macrotask();
    running.stop("signal");
    await toEnd(ending, host, 1);
    expect(heard).toEqual(["p0 nack drain_deadline", "p1 nack drain_deadline"]);
  });
});

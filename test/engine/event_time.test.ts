import { describe, expect, test } from "bun:test";
import { packetBudget, type RunOptions } from "../../src/engine/index.ts";
import type { EventTimeOptions } from "../../src/graph/plan.ts";
import type { Emit, NodeContext, NodeInstance } from "../../src/node/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import {
  counters,
  engine,
  macrotask,
  node,
  run,
  sink,
  source,
  type TestNode,
  type TestRuntime,
  toEnd,
} from "../support/engine.ts";
import { packet } from "../support/node.ts";

/** Seconds of the event time that tests count in; a wall clock of the tests begins there, too. */
const START_MS = Date.UTC(2026, 0, 1);
const iso = (seconds: number) => new Date(START_MS + seconds * 1_000).toISOString();
const at = (seconds: number, source_id = "a") =>
  packet({ packet_id: `${source_id}${seconds}`, source_id, ts: iso(seconds) });
const seconds = (ms: number) => (Number.isFinite(ms) ? (ms - START_MS) / 1_000 : ms);

type Advance = NonNullable<NodeInstance["advance"]>;

/** A node that passes packets on, and a log of what it was told, in order. */
function teller(id: string, { advance, ...options }: { advance?: Advance } & Partial<TestNode> = {}) {
  const log: (string | number)[] = [];
  const one: TestNode = {
    ...node(id),
    ...options,
    create: () => ({
      process(given, emit) {
        log.push(given.packet_id);
        emit.out!(given);
      },
      advance(watermarkMs, emit) {
        log.push(seconds(watermarkMs));
        return advance?.(watermarkMs, emit);
      },
    }),
  };
  return { one, log };
}

const times = (log: readonly (string | number)[]) => log.filter((entry) => typeof entry === "number");
const withTime = (id: string, run: Parameters<typeof source>[1], event_time: Partial<EventTimeOptions>) =>
  source(id, run, { runtime: { event_time } });
const noDelay = (id: string, run: Parameters<typeof source>[1]) => withTime(id, run, { max_delay_ms: 0 });

/** A node made of its context. */
const made = (id: string, create: (context: NodeContext) => NodeInstance, runtime: TestRuntime = {}): TestNode => ({
  ...node(id),
  runtime,
  create,
});

/** Time in which a test moves step by step, and a source that sends when told to. */
class Stage {
  readonly #resumes = new Map<string, (() => void)[]>();
  readonly #queues = new Map<string, (StreamPacket | undefined)[]>();

  /** A source by name; it ends when {@link end} says so. */
  feed(id: string) {
    const queue: (StreamPacket | undefined)[] = [];
    this.#queues.set(id, queue);
    const resumes: (() => void)[] = [];
    this.#resumes.set(id, resumes);
    return async function* (signal: AbortSignal) {
      signal.addEventListener("abort", () => resumes.splice(0).forEach((resume) => void resume()));
      while (!signal.aborted) {
        if (queue.length === 0) await new Promise<void>((resolve) => void resumes.push(resolve));
        while (queue.length > 0) {
          const next = queue.shift();
          if (next === undefined) return;
          yield next;
        }
      }
    };
  }

  async send(id: string, ...packets: (StreamPacket | undefined)[]) {
    this.#queues.get(id)!.push(...packets);
    for (const resume of this.#resumes.get(id)!.splice(0)) resume();
    await macrotask();
  }

  end = (id: string) => this.send(id, undefined);
}

for (const fuse of [true, false]) {
  describe(fuse ? "a fused run" : "an unfused run", () => {
    const fused = (nodes: readonly TestNode[], edges: readonly string[], options: RunOptions = {}) =>
      run(nodes, edges, { fuse, ...options });

    test("tells a node before the first packet after event time has passed, and of the end", async () => {
      const { one, log } = teller("w");
      await fused([source("s", [at(0), at(1), at(10), at(4), at(11)]), one], ["s -> w"]);
      const inf = Number.POSITIVE_INFINITY;
      expect(log).toEqual(["a0", -5, "a1", -4, "a10", 5, "a4", "a11", 6, inf]);
    });

    test("tells a node of chunks of a source packet by packet", async () => {
      const { one, log } = teller("w");
      await fused([noDelay("s", () => [[at(0), at(1)], [at(2)]]), one], ["s -> w"]);
      expect(log).toEqual(["a0", 0, "a1", 1, "a2", 2, Number.POSITIVE_INFINITY]);
    });

    test("tells a node though a filter lets nothing through to it", async () => {
      const { one, log } = teller("w");
      await fused([noDelay("s", [at(0), at(1)]), node("f", () => {}), one], ["s -> f", "f -> w"]);
      expect(log).toEqual([0, 1, Number.POSITIVE_INFINITY]);
    });

    test("takes the slowest source id, and the slowest source", async () => {
      const { one, log } = teller("w");
      const first = noDelay("s", [at(0), at(9, "b"), at(10), at(12, "b")]);
      const second = noDelay("t", [at(3, "c"), at(4, "c"), at(50, "c"), at(51, "c")]);
      await fused([first, second, one], ["s -> w", "t -> w"]);
      // In turn: a0 c3 b9 c4 a10 c50 b12 c51.
      expect(log).toEqual(["a0", "c3", 0, "b9", "c4", "a10", 4, "c50", 9, "b12", 10, "c51", Number.POSITIVE_INFINITY]);
    });

    test("never lets event time fall when an earlier source id comes in", async () => {
      const { one, log } = teller("w");
      await fused([noDelay("s", [at(10), at(3, "b"), at(12), at(11, "b")]), one], ["s -> w"]);
      expect(times(log)).toEqual([10, 11, Number.POSITIVE_INFINITY]);
    });

    test("lets what a node emits reach those behind it before they hear", async () => {
      const seen: number[] = [];
      const first = teller("v", { advance: (ms, emit) => emit.out!(at(Math.min(seconds(ms), 99) - 1, "v")) });
      const second = teller("w");
      const between = node("m", (given, emit) => {
        seen.push(1);
        emit.out!(given);
      });
      await fused([noDelay("s", [at(5)]), first.one, between, second.one], ["s -> v", "v -> m", "m -> w"]);
      expect(second.log).toEqual(["a5", "v4", 5, "v98", Number.POSITIVE_INFINITY]);
    });

    test("gives what advance emits the room downstream, by iterator or not", async () => {
      const many = (): StreamPacket[] => Array.from({ length: 50 }, (_, count) => at(count, "w"));
      for (const advance of [
        (_: number, emit: Emit) => many().forEach((each) => void emit.out!(each)),
        () => many().values(),
      ]) {
        const { one } = teller("w", { advance });
        const z = sink("z", { inbox: { capacity: 2 } });
        const ended = await fused([noDelay("s", [at(0), at(1)]), one, z], ["s -> w", "w -> z"]);
        expect(z.ids).toEqual([
          "a0",
          ...many().map((each) => each.packet_id),
          "a1",
          ...many().map((each) => each.packet_id),
          ...many().map((each) => each.packet_id),
        ]);
        expect(counters(ended, "w")).toMatchObject({ consumed: 2, produced: 152, errors: 0 });
      }
    });

    test("sets a call of advance that throws aside without a packet, and goes on", async () => {
      const { one, log } = teller("w", {
        advance(ms) {
          if (seconds(ms) === 1) throw new Error("no");
        },
      });
      const ended = await fused([noDelay("s", [at(0), at(1), at(2)]), one], ["s -> w"]);
      expect(times(log)).toEqual([0, 1, 2, Number.POSITIVE_INFINITY]);
      expect(ended.deadLetters.recent).toMatchObject([{ record: { call: "advance" }, reason: "no", node_id: "w" }]);
    });

    test("keeps the place of advance in an ordered line of calls", async () => {
      const log: string[] = [];
      const later = made(
        "w",
        ({ clock }) => ({
          process: (given, emit) =>
            new Promise((resolve) => {
              clock.setTimer(() => {
                emit.out!(given);
                resolve();
              }, 500);
            }),
          advance: (ms, emit) => emit.out!(packet({ packet_id: `${seconds(ms)}` })),
        }),
        { concurrency: 4 },
      );
      const z = node("z", ({ packet_id }) => void log.push(packet_id));
      await fused([noDelay("s", [at(0), at(1), at(2)]), later, z], ["s -> w", "w -> z"]);
      expect(log.filter((id) => id.startsWith("a"))).toEqual(["a0", "a1", "a2"]);
      const told = log.flatMap((id, place) => (id.startsWith("a") ? [] : [[Number(id), place] as const]));
      // Nothing later than what the node was told may still be behind it.
      for (const [ms, place] of told) {
        for (const id of log.slice(place))
          if (id.startsWith("a")) expect(Number(id.slice(1))).toBeGreaterThanOrEqual(ms);
      }
      expect(log.at(-1)).toBe("Infinity");
    });
  });
}

test("the same input gives the same calls, fused or not, in every run", async () => {
  const input = Array.from({ length: 300 }, (_, step) => at(Math.round(step / 3 + 7 * Math.sin(step)), `c${step % 7}`));
  const logs = [];
  for (const fuse of [true, false, true]) {
    const first = teller("v", { advance: (ms, emit) => emit.out!(at(Math.min(seconds(ms), 999), "v")) });
    const second = teller("w");
    await run(
      [noDelay("s", input), node("f"), first.one, second.one, sink("z", { inbox: { capacity: 1 } })],
      ["s -> f", "f -> v", "f -> w", "v -> w", "w -> z"],
      { fuse },
    );
    logs.push([first.log, second.log]);
  }
  expect(logs[1]).toEqual(logs[0]!);
  expect(logs[2]).toEqual(logs[0]!);
  expect(times(logs[0]![0]!).length).toBeGreaterThan(10);
});

test("a graph without such a node has no event time", async () => {
  const ended = await run([source("s", [at(0)]), sink("z")], ["s -> z"]);
  expect(ended.engine.eventTime).toBeUndefined();
  expect(ended.nodes[0]!.own).toEqual({});
});

test("a source that leads to no such node is not looked at", async () => {
  const { one, log } = teller("w");
  const ended = await run([source("s", [at(0)]), source("t", [at(-99)]), one, sink("z")], ["s -> w", "t -> z"]);
  expect([...ended.engine.eventTime!.sources.keys()]).toEqual(["s"]);
  expect(times(log)).toEqual([-5, Number.POSITIVE_INFINITY]);
});

describe("a time stamp", () => {
  async function told(...stamps: string[]) {
    const { one, log } = teller("w");
    const packets = stamps.map((ts, place) => packet({ packet_id: `p${place}`, source_id: `i${place}`, ts }));
    const ended = await run([noDelay("s", packets), one], ["s -> w"]);
    return { told: times(log), own: ended.nodes[0]!.own, status: ended.status };
  }
  const inf = Number.POSITIVE_INFINITY;

  test("of 1970 does not keep the others", async () => {
    const { told: ms } = await told(iso(0), "1970-01-01T00:00:00Z", iso(5));
    expect(ms).toEqual([0, inf]);
    expect((await told("1970-01-01T00:00:00Z", iso(0))).told).toEqual([seconds(0), 0, inf]);
  });

  test("of 2099 does not move event time, and is counted", async () => {
    const { told: ms, own } = await told(iso(0), "2099-01-01T00:00:00Z", "2099-01-01T00:00:00Z");
    expect(ms).toEqual([0, inf]);
    expect(own).toMatchObject({ event_time_ahead_total: 2 });
  });

  test("of less than a day ahead does", async () => {
    expect((await told(iso(86_000))).told).toEqual([86_000, inf]);
  });

  test("that is no time is the business of the node that needs it", async () => {
    const { told: ms, status } = await told("yesterday", iso(3));
    expect(ms).toEqual([3, inf]);
    expect(status).toBe("ok");
  });
});

describe("a source that is silent", () => {
  function live(ids: readonly string[], event_time: Partial<EventTimeOptions> = {}) {
    const stage = new Stage();
    const { one, log } = teller("w");
    const sources = ids.map((id) => withTime(id, stage.feed(id), { max_delay_ms: 5_000, ...event_time }));
    const { engine: running, host } = engine(
      [...sources, one],
      ids.map((id) => `${id} -> w`),
    );
    const ending = running.run();
    const finish = async () => {
      running.stop("signal");
      return { ...(await toEnd(ending, host, 1)), host };
    };
    return { stage, log, host, finish };
  }

  async function pass(host: { clock: { advance(ms: number): void } }, ms: number) {
    host.clock.advance(ms);
    await macrotask();
  }

  test("is waited for until it is idle", async () => {
    const { stage, log, host, finish } = live(["s", "t"]);
    await stage.send("s", at(100, "s"));
    await pass(host, 29_000);
    await stage.send("s", at(120, "s"));
    expect(times(log)).toEqual([]);
    await pass(host, 1_000);
    expect(times(log)).toEqual([115]);
    await stage.send("t", at(50, "t"));
    await stage.send("s", at(130, "s"));
    expect(times(log)).toEqual([115]);
    await stage.send("t", at(127, "t"));
    expect(times(log)).toEqual([115, 122]);
    await finish();
  });

  test("with all others gives the delay up", async () => {
    const { stage, log, host, finish } = live(["s", "t"]);
    await stage.send("s", at(100, "s"));
    await stage.send("t", at(90, "t"));
    expect(times(log)).toEqual([85]);
    await pass(host, 29_999);
    expect(times(log)).toEqual([85]);
    await pass(host, 1);
    expect(times(log)).toEqual([85, 100]);
    await finish();
  });

  test("needs no timer any more, and leaves none", async () => {
    const { stage, host, finish } = live(["s"]);
    await stage.send("s", at(100, "s"));
    expect(host.clock.pending).toBe(1);
    await pass(host, 30_000);
    expect(host.clock.pending).toBe(0);
    await stage.send("s", at(101, "s"));
    expect(host.clock.pending).toBe(1);
    const ended = await finish();
    expect(ended.host.clock.pending).toBe(0);
  });

  test("is waited for as its own runtime says", async () => {
    const { stage, log, host, finish } = live(["s", "t"], { idle_ms: 2_000 });
    await stage.send("s", at(100, "s"));
    await pass(host, 1_000);
    await stage.send("s", at(101, "s"));
    await pass(host, 1_000);
    expect(times(log)).toEqual([96]);
    await finish();
  });

  test("is one source id among others that talk", async () => {
    const { stage, log, host, finish } = live(["s"]);
    await stage.send("s", at(100, "x"), at(90, "y"));
    for (let second = 1; second < 30; second++) {
      await pass(host, 1_000);
      await stage.send("s", at(100 + second, "x"));
    }
    expect(times(log)).toEqual([95]);
    await pass(host, 1_000);
    expect(times(log)).toEqual([95, 124]);
    await finish();
  });

  test("may be so because it is blocked, which is no silence", async () => {
    const stage = new Stage();
    const frees: (() => void)[] = [];
    const { one, log } = teller("w");
    const stuck = node("z", () => new Promise<void>((resolve) => void frees.push(resolve)), {
      runtime: { inbox: { capacity: 1 } },
    });
    const s = withTime("s", stage.feed("s"), {});
    const t = withTime("t", stage.feed("t"), {});
    const { engine: running, host } = engine([s, t, one, stuck], ["s -> w", "t -> w", "s -> z"]);
    const ending = running.run();
    await stage.send("t", at(200, "t"));
    await stage.send("s", at(100, "s"), at(101, "s"), at(102, "s"));
    for (let minute = 0; minute < 3; minute++) {
      await pass(host, 20_000);
      await stage.send("t", at(200 + minute, "t"));
    }
    expect(Math.max(...times(log))).toBeLessThanOrEqual(97);
    for (let count = 0; count < 3; count++) {
      frees[count]!();
      await macrotask();
    }
    running.stop("signal");
    await toEnd(ending, host, 1_000);
  });
});

describe("an async node between", () => {
  test("holds event time back by what it has not finished", async () => {
    const frees: (() => void)[] = [];
    const stage = new Stage();
    const slow = node(
      "m",
      (given, emit) =>
        new Promise<void>((resolve) => {
          frees.push(() => {
            emit.out!(given);
            resolve();
          });
        }),
      { runtime: { concurrency: 2 } },
    );
    const { one, log } = teller("w");
    const { engine: running, host } = engine([noDelay("s", stage.feed("s")), slow, one], ["s -> m", "m -> w"]);
    const ending = running.run();
    await stage.send("s", at(10), at(20), at(30), at(40));
    host.clock.advance(100);
    await macrotask();
    expect(Math.max(...times(log), 0)).toBeLessThanOrEqual(10);
    // Two are in the inbox of the node, two in its calls.
    frees.shift()!();
    await macrotask();
    host.clock.advance(100);
    await macrotask();
    expect(times(log).at(-1)).toBe(20);
    frees.shift()!();
    await macrotask();
    frees.shift()!();
    await macrotask();
    frees.shift()!();
    await macrotask();
    expect(times(log).at(-1)).toBe(40);
    await stage.end("s");
    await toEnd(ending, host, 1);
    expect(log.at(-1)).toBe(Number.POSITIVE_INFINITY);
    const late = log.some(
      (entry, place) =>
        typeof entry === "string" && times(log.slice(0, place)).some((ms) => ms > Number(entry.slice(1))),
    );
    expect(late).toBe(false);
  });
});

describe("a node that keeps packets", () => {
  const keeper = (id: string) =>
    made(id, ({ hold, carry, wakeAfter }) => {
      const kept: { given: StreamPacket; hold: ReturnType<typeof hold> }[] = [];
      return {
        process(given) {
          kept.push({ given, hold: hold() });
          wakeAfter(1_000);
        },
        wake(emit) {
          carry(kept.map((entry) => entry.hold));
          for (const { given } of kept.splice(0)) emit.out!(given);
        },
      };
    });

  test("holds event time back for those behind it, also when nobody waits for the packets", async () => {
    const stage = new Stage();
    const { one, log } = teller("w");
    const { engine: running, host } = engine([noDelay("s", stage.feed("s")), keeper("k"), one], ["s -> k", "k -> w"]);
    const ending = running.run();
    await stage.send("s", at(10), at(20), at(30));
    expect(log).toEqual([]);
    host.clock.advance(1_000);
    await macrotask();
    expect(log).toEqual(["a10", "a20", "a30", 30]);
    await stage.send("s", at(40));
    await stage.end("s");
    await toEnd(ending, host, 1);
    // It was woken before those behind it heard of the end.
    expect(log).toEqual(["a10", "a20", "a30", 30, "a40", Number.POSITIVE_INFINITY]);
  });
});

describe("the end", () => {
  test("reaches a node whose sources have ended while others go on", async () => {
    const stage = new Stage();
    const [first, second] = [teller("v"), teller("w")];
    const { engine: running, host } = engine(
      [noDelay("s", [at(1)]), noDelay("t", stage.feed("t")), first.one, second.one],
      ["s -> v", "t -> w"],
    );
    const ending = running.run();
    await macrotask();
    expect(first.log).toEqual(["a1", 1, Number.POSITIVE_INFINITY]);
    expect(second.log).toEqual([]);
    await stage.end("t");
    await toEnd(ending, host, 1);
    expect(second.log).toEqual([Number.POSITIVE_INFINITY]);
  });

  async function stopped() {
    const stage = new Stage();
    const { one, log } = teller("w");
    const { engine: running, host } = engine([noDelay("s", stage.feed("s")), one], ["s -> w"]);
    const ending = running.run();
    await stage.send("s", at(1), at(2));
    running.stop("signal");
    await toEnd(ending, host, 1);
    return log;
  }

  test("by a signal is told as well", async () => {
    expect(await stopped()).toEqual(["a1", 1, "a2", 2, Number.POSITIVE_INFINITY]);
  });

  test("of the input is told once", async () => {
    const { one, log } = teller("w");
    await run([noDelay("s", []), one], ["s -> w"]);
    expect(log).toEqual([Number.POSITIVE_INFINITY]);
  });

  test("is not told when the run failed", async () => {
    const { one, log } = teller("w");
    const broken = node(
      "b",
      () => {
        throw new Error("no");
      },
      { runtime: { on_error: "fail" } },
    );
    const ended = await run([noDelay("s", [at(1), at(2)]), one, broken], ["s -> w", "w -> b"]);
    expect(ended.failure).toContain("no");
    expect(times(log)).toEqual([]);
  });
});

describe("the state of event time", () => {
  test("goes on in another run, where nothing falls", async () => {
    const input = [at(0), at(3, "b"), at(10), at(12, "b"), at(20), at(30, "b")];
    const whole = teller("w");
    await run([noDelay("s", input), whole.one], ["s -> w"]);
    const state = await until(input.slice(0, 3));
    expect(state).toMatchObject({ version: 1, told: { w: START_MS + 3_000 } });
    const { one, log } = teller("w");
    const { engine: running, host } = engine([noDelay("s", input.slice(3)), one], ["s -> w"]);
    const open = running.sources;
    const ending = running.run();
    open.eventTime!.restore(state);
    await toEnd(ending, host, 1);
    expect(times(log)).toEqual(times(whole.log).slice(2));
  });

  /** The state after these packets, taken while the run waits for more. */
  async function until(input: readonly StreamPacket[]) {
    const stage = new Stage();
    const { one } = teller("w");
    const { engine: running, host } = engine([noDelay("s", stage.feed("s")), one], ["s -> w"]);
    const ending = running.run();
    await stage.send("s", ...input);
    const state = running.eventTime!.snapshot();
    await stage.end("s");
    await toEnd(ending, host, 1);
    expect(running.eventTime!.snapshot().told).toEqual({});
    return state;
  }

  test("refuses what is none", async () => {
    const { one } = teller("w");
    const ended = await run([noDelay("s", []), one], ["s -> w"]);
    expect(() => ended.engine.eventTime!.restore({ version: 2 })).toThrow("cannot restore event time");
  });
});

test("what the report shows: how far a node lags behind the wall clock, and what a source was too early with", async () => {
  const stage = new Stage();
  const { one } = teller("w");
  const { engine: running, host } = engine([source("s", stage.feed("s")), one], ["s -> w"]);
  const ending = running.run();
  expect(running.snapshot().nodes.map(({ own }) => own)).toEqual([
    { event_time_ahead_total: 0, event_time_forgotten_total: 0 },
    {},
  ]);
  await stage.send("s", at(1));
  host.clock.advance(10_000);
  expect(running.snapshot().nodes[1]!.own).toEqual({ watermark_lag_ms: 14_000 });
  await stage.end("s");
  await toEnd(ending, host, 1);
  expect(running.snapshot().nodes[1]!.own).toEqual({});
});

test("a budget of packets ends a run with event time like any other, and time is over then", async () => {
  const { one, log } = teller("k");
  const ended = await run([source("s", [at(0), at(10), at(20)]), one, sink("z")], ["s -> k", "k -> z"], {
    throttles: [packetBudget(2)],
  });
  expect([ended.status, ended.failure, log.at(-1)]).toEqual(["ok", undefined, Number.POSITIVE_INFINITY]);
  expect(log).toContain("a10");
});

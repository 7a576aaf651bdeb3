import { describe, expect, test } from "bun:test";
import { type Clock, sleep } from "../../src/base/clock.ts";
import type { DeliveryOptions, PacketFailure, ProcessResult } from "../../src/node/index.ts";
import { Rejected, Unavailable } from "../../src/node/index.ts";
import { readiness } from "../../src/observe/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import { DELIVERY_DEFAULTS } from "../support/delivery.ts";
import {
  counters,
  engine,
  macrotask,
  node,
  packets,
  run,
  sink,
  source,
  type TestRuntime,
  toEnd,
} from "../support/engine.ts";

const delivery = (options: Partial<DeliveryOptions> = {}): TestRuntime => ({
  delivery: { ...DELIVERY_DEFAULTS, ...options },
});

type Act = (one: StreamPacket, at: { clock: Clock; nowMs: number }) => ProcessResult;

/** A sink outside that does with each try what `act` says, and the packets that got through, in that order. */
function outside(act: Act, runtime: TestRuntime, id = "out") {
  const through: string[] = [];
  const base = node(id, undefined, { kind: "sink", outputs: [], runtime });
  return {
    ...base,
    through,
    create: ({ clock }: { clock: Clock }) => ({
      async process(one: StreamPacket) {
        await act(one, { clock, nowMs: clock.monotonicMs() });
        through.push(one.packet_id);
      },
    }),
  };
}

/** A source that waits for its packets, and what it heard of each. */
function waiting(count: number) {
  const heard: Record<string, string[]> = {};
  const hear = ({ packet_id }: StreamPacket, answer: string) => {
    heard[packet_id] = [...(heard[packet_id] ?? []), answer];
  };
  const one = source("s", packets(count), {
    ack: (of) => hear(of, "ack"),
    nack: (of, _: string, failure: PacketFailure) => hear(of, failure.kind),
  });
  return { one, heard };
}

const ids = (count: number) => packets(count).map(({ packet_id }) => packet_id);

/** Packet `i` fails in its own way, and each of them in the end gets through or does not. */
const everyWay = () => {
  const tries = new Map<string, number>();
  return (one: StreamPacket, { clock, nowMs }: { clock: Clock; nowMs: number }): ProcessResult => {
    const tried = (tries.get(one.packet_id) ?? 0) + 1;
    tries.set(one.packet_id, tried);
    switch ((one.payload as number) % 6) {
      case 1:
        throw new Rejected("400");
      case 2:
        if (tried < 3) throw new Error("500");
        return;
      case 3:
        throw new Error("500");
      case 4:
        if (nowMs < 20_000) throw new Unavailable("503");
        return;
      case 5:
        return tried === 1 ? new Promise(() => {}) : sleep(clock, 50);
      default:
        return sleep(clock, 10);
    }
  };
};

describe("a sink that fails in every way", () => {
  for (const [title, runtime] of Object.entries<TestRuntime>({
    "one at a time": {},
    "eight in order": { concurrency: 8 },
    "eight as they come": { concurrency: 8, ordered: false },
  })) {
    test(`acks or nacks each packet once, ${title}`, async () => {
      const { one, heard } = waiting(48);
      const out = outside(everyWay(), { ...delivery(), ...runtime });
      const ended = await run([one, out], ["s -> out"], {}, { stepMs: 50 });
      const expected = ids(48).map((id, at) => [id, [["ack", "rejected", "ack", "failed", "ack", "ack"][at % 6]]]);
      expect(heard).toEqual(Object.fromEntries(expected));
      expect(out.through.toSorted()).toEqual(
        ids(48)
          .filter((_, at) => at % 6 !== 1 && at % 6 !== 3)
          .toSorted(),
      );
      expect(counters(ended, "out")).toMatchObject({ consumed: 48, errors: 16, deadLetters: 16 });
      expect(ended.host.clock.pending).toBe(0);
    });
  }

  test("hands results on in order when it is asked to, although packets are tried again", async () => {
    const end = sink("end");
    const call = node("call", undefined, { runtime: { ...delivery(), concurrency: 8 } });
    let tries = 0;
    const asking = {
      ...call,
      create: ({ clock }: { clock: Clock }) => ({
        async process(one: StreamPacket, emit: Record<string, (one: StreamPacket) => void>) {
          tries += 1;
          emit.out!(one);
          await sleep(clock, 10);
          if (tries % 3 !== 0) throw new Unavailable("503");
        },
      }),
    };
    await run([source("s", packets(40)), asking, end], ["s -> call", "call -> end"], {}, { stepMs: 20 });
    expect(end.ids).toEqual(ids(40));
    expect(tries).toBeGreaterThan(40);
  });

  test("goes on as the packets of others do when their order is of no matter", async () => {
    const out = outside(
      (one, { nowMs }) => {
        if (one.payload === 0 && nowMs < 1_000) throw new Unavailable("503");
      },
      { ...delivery({ circuit: undefined }), concurrency: 2, ordered: false },
    );
    await run([source("s", packets(10)), out], ["s -> out"]);
    expect(out.through.at(-1)).toBe("p0");
    expect(out.through).toHaveLength(10);
  });
});

describe("an outage", () => {
  test("makes the source wait, and loses nothing", async () => {
    const away = (_: StreamPacket, { nowMs }: { nowMs: number }) => {
      if (nowMs < 60_000) throw new Unavailable("connection refused");
    };
    const { one, heard } = waiting(1_000);
    const out = outside(away, { ...delivery(), inbox: { capacity: 16 } });
    const { engine: running, host } = engine([one, out], ["s -> out"]);
    const ending = running.run();
    await macrotask();
    for (let step = 0; step < 500; step++) {
      host.clock.advance(100);
      await macrotask();
    }
    const held = running.snapshot();
    // One under way, 16 in the inbox.
    expect(counters(held, "s").produced).toBe(17);
    expect(held.nodes[1]).toMatchObject({ circuitOpen: true });
    const ended = await toEnd(ending, host, 50);
    expect(Object.values(heard)).toEqual(Array(1_000).fill(["ack"]));
    expect(out.through).toEqual(ids(1_000));
    expect(ended.status).toBe("ok");
    expect(ended.nodes[1]!.own).toMatchObject({ delivery_outages_total: 1, delivery_circuit: 0, delivery_waiting: 0 });
  });

  test("ends with a stop: what is held goes back to its source, unavailable, well before the drain time", async () => {
    const refuse = () => {
      throw new Unavailable("connection refused");
    };
    const { one, heard } = waiting(40);
    const out = outside(refuse, { ...delivery(), concurrency: 4 });
    const { engine: running, host } = engine([one, out], ["s -> out"]);
    const ending = running.run();
    for (let step = 0; step < 100; step++) {
      await macrotask();
      host.clock.advance(100);
    }
    expect(heard).toEqual({});
    const stoppedMs = host.clock.monotonicMs();
    running.stop("signal");
    const ended = await toEnd(ending, host, 10);
    expect(Object.entries(heard)).toEqual(ids(40).map((id) => [id, ["unavailable"]]));
    expect(ended.uptimeMs - stoppedMs).toBeLessThan(100);
    expect(counters(ended, "out").dropped.size).toBe(0);
    expect(host.clock.pending).toBe(0);
  });

  test("with a call that never comes back ends at the drain time, and its packet goes back too", async () => {
    const { one, heard } = waiting(2);
    const out = outside(() => new Promise(() => {}), delivery());
    const { engine: running, host } = engine([one, out], ["s -> out"], { drainMs: 5_000 });
    const ending = running.run();
    await macrotask();
    running.stop("signal");
    await toEnd(ending, host, 10);
    expect(heard).toEqual({ p0: ["unavailable"], p1: ["unavailable"] });
    expect(host.clock.pending).toBe(0);
  });

  test("of a run that fails leaves no timer behind", async () => {
    const out = outside(
      () => {
        throw new Unavailable("503");
      },
      { ...delivery({ give_up_sec: 10 }), on_error: "fail" },
    );
    const ended = await run([source("s", packets(3)), out], ["s -> out"]);
    expect(ended.status).toBe("error");
    expect(ended.failure).toContain("give_up_sec is 10");
    expect(ended.host.clock.pending).toBe(0);
  });
});

test("readiness() is red while the circuits of all sinks outside are open, and a held packet is no stall", async () => {
  const away =
    (untilMs: number) =>
    (_: StreamPacket, { nowMs }: { nowMs: number }) => {
      if (nowMs < untilMs) throw new Unavailable("connection refused");
    };
  const left = outside(away(40_000), delivery(), "left");
  const right = outside(away(80_000), delivery(), "right");
  const ticks = source("s", async function* () {
    for (const one of packets(100)) {
      await sleep(host.clock, 1_000);
      yield one;
    }
  });
  const { engine: running, host } = engine([ticks, left, right], ["s -> left", "s -> right"]);
  const ending = running.run();
  const at = async (ms: number) => {
    while (host.clock.monotonicMs() < ms) {
      host.clock.advance(50);
      await macrotask();
    }
    return readiness(running.snapshot(), host.clock.monotonicMs());
  };
  expect(await at(1_500)).toEqual({ ready: true, reasons: [] });
  expect(await at(39_000)).toEqual({
    ready: false,
    reasons: [
      {
        code: "OUTSIDE_AWAY",
        message: 'the outside takes no packets at "left", "right", which hold them and probe',
      },
    ],
  });
  expect(await at(50_000)).toEqual({ ready: true, reasons: [] });
  expect(await at(90_000)).toEqual({ ready: true, reasons: [] });
  await toEnd(ending, host, 50);
  expect([left, right].map(({ through }) => through)).toEqual([ids(100), ids(100)]);
});

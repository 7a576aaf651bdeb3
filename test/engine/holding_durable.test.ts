import { describe, expect, test } from "bun:test";
import { eventTimeOptions } from "../../src/engine/event_time/options.ts";
import { type Hold, type NodeContext, type NodeInstance, Unavailable } from "../../src/node/index.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import { DurableBox } from "../support/durable.ts";
import { counters, drops, macrotask, node, packets, sink, source, type TestNode, toEnd } from "../support/engine.ts";
import { packet } from "../support/node.ts";

const made = (id: string, create: (context: NodeContext) => NodeInstance, runtime = {}): TestNode => ({
  ...node(id),
  runtime,
  create,
});

/** Keeps packets and emits all it has when `size` are there, or when it was asked to wake. */
function keeper(size: number, delayMs?: number) {
  return made("k", ({ hold, carry, wakeAfter }) => {
    const kept: { one: StreamPacket; hold: Hold | undefined }[] = [];
    const send = (emit: { readonly [port: string]: (one: StreamPacket) => void }) => {
      wakeAfter(undefined);
      carry(kept.map((each) => each.hold));
      const ids = kept.splice(0).map(({ one }) => one.packet_id);
      emit.out!(packet({ packet_id: ids.join("+") }));
    };
    return {
      process(one, emit) {
        kept.push({ one, hold: hold() });
        if (kept.length >= size) send(emit);
        else wakeAfter(delayMs);
      },
      wake: send,
    };
  });
}

/** One packet of each of these sources, so that each is a partition of its own. */
const mixed = (count: number) =>
  Array.from({ length: count }, (_, at) => packet({ packet_id: `p${at}`, source_id: `s${at}` }));
const durable = (ended: Awaited<ReturnType<DurableBox["run"]>>) => ended.edges.find((one) => one.durable)!.durable!;

describe("a node behind a durable edge that keeps packets", () => {
  test("has its rows acked with what they became, and the run ends", async () => {
    using box = new DurableBox();
    const z = sink("z");
    const ended = await box.run([source("s", mixed(6)), keeper(3), z], ["s => k", "k -> z"]);
    expect(z.ids).toEqual(["p0+p1+p2", "p3+p4+p5"]);
    expect(durable(ended)).toMatchObject({ acked: 6, nacked: 0, ready: 0, leased: 0 });
  });

  test("is woken at the end of the input, though rows are still out", async () => {
    using box = new DurableBox();
    const z = sink("z");
    const ended = await box.run([source("s", mixed(5)), keeper(3, 3_600_000), z], ["s => k", "k -> z"]);
    expect(z.ids).toEqual(["p0+p1+p2", "p3+p4"]);
    expect(durable(ended)).toMatchObject({ acked: 5, ready: 0, leased: 0 });
    expect(ended.uptimeMs).toBeLessThan(10_000);
  });

  test("gives back what it keeps at the end, for the next run", async () => {
    using box = new DurableBox();
    const ended = await box.run([source("s", mixed(5)), keeper(3), sink("z")], ["s => k", "k -> z"]);
    expect(drops(counters(ended, "k").dropped)).toEqual({ kept: 2 });
    expect(durable(ended)).toMatchObject({ acked: 3, nacked: 2 });
    const z = sink("z");
    const again = await box.run([source("s", mixed(0)), keeper(2), z], ["s => k", "k -> z"]);
    expect(z.ids).toEqual(["p3+p4"]);
    expect(durable(again)).toMatchObject({ acked: 2, redelivered: 0 });
  });

  test("hears of rows again when what they became failed", async () => {
    using box = new DurableBox();
    const got: string[] = [];
    let away = 1;
    const z = node("z", ({ packet_id }) => {
      if (away-- > 0) throw new Unavailable("away");
      got.push(packet_id);
    });
    const ended = await box.run([source("s", mixed(3)), keeper(3), z], ["s => k", "k -> z"]);
    expect(got.map((id) => id.split("+").sort())).toEqual([["p0", "p1", "p2"]]);
    expect(durable(ended)).toMatchObject({ acked: 3, nacked: 3 });
    expect(ended.deadLetters.total).toBe(0);
  });

  test("that is stopped lets go of what it keeps within the drain time", async () => {
    using box = new DurableBox();
    const z = sink("z");
    const { engine, host, ended } = await box.start(
      [source("s", mixed(2)), keeper(5, 3_600_000), z],
      ["s => k", "k -> z"],
    );
    for (let step = 0; step < 50; step++) await macrotask();
    engine.stop("signal");
    const over = await toEnd(ended, host, 1);
    expect(z.ids).toEqual(["p0+p1"]);
    expect(over.uptimeMs).toBeLessThan(1_000);
    expect(over.edges[0]!.durable).toMatchObject({ acked: 2, leased: 0, ready: 0 });
  });
});

describe("event time behind a durable edge", () => {
  const at = (seconds: number) =>
    packet({
      packet_id: `a${seconds}`,
      source_id: "a",
      ts: new Date(Date.UTC(2026, 0, 1) + seconds * 1_000).toISOString(),
    });

  test("is that of its packets, and ends when there are no more", async () => {
    using box = new DurableBox();
    const log: (string | number)[] = [];
    const window = made("w", () => ({
      process: ({ packet_id }) => void log.push(packet_id),
      advance: (ms) => void log.push(Number.isFinite(ms) ? (ms - Date.UTC(2026, 0, 1)) / 1_000 : ms),
    }));
    await box.run(
      [source("s", [at(1), at(10), at(20)], { runtime: { event_time: { max_delay_ms: 1_000 } } }), window],
      ["s => w"],
    );
    expect(log).toEqual(["a1", 0, "a10", 9, "a20", 19, Number.POSITIVE_INFINITY]);
  });

  test("does not wait for dead letters that somebody may replay", async () => {
    using box = new DurableBox();
    const window = made("w", () => ({ process() {}, advance() {} }));
    const { engine, host, ended } = await box.start([source("s", [at(1)]), window], ["s => w"]);
    expect([...engine.durable.plan.nodes].map(({ id }) => id)).toContain("dead_letters");
    await toEnd(ended, host);
    expect([...engine.eventTime!.sources.keys()]).toEqual(["s.out->w.in"]);
  });

  test("is waited for as long as for the slowest of what leads there, edge by edge", async () => {
    using box = new DurableBox();
    const nodes = [
      source("s", [], { runtime: { event_time: { max_delay_ms: 60_000 } } }),
      source("t", [], { runtime: { event_time: { idle_ms: 90_000 } } }),
      node("m"),
      sink("z"),
    ];
    const { engine, host, ended } = await box.start(nodes, ["s => m", "t -> m", "m => z"]);
    const { plan } = engine.durable;
    const of = (id: string) => plan.nodes.findLast((one) => one.id === id && one.definition.kind === "source")!.index;
    expect(eventTimeOptions(plan, of("s.out->m.in"))).toEqual({ max_delay_ms: 60_000, idle_ms: 30_000 });
    expect(eventTimeOptions(plan, of("m.out->z.in"))).toEqual({ max_delay_ms: 60_000, idle_ms: 90_000 });
    expect(eventTimeOptions(plan, of("dead_letters"))).toBeUndefined();
    await toEnd(ended, host);
  });
});

test("packets of one partition may be kept together", async () => {
  using box = new DurableBox();
  const z = sink("z");
  await box.run([source("s", packets(3)), keeper(3), z], ["s => k", "k -> z"]);
  expect(z.ids).toEqual(["p0+p1+p2"]);
});

test("rows that a crash left come in though a node keeps each, and none is in the way of those behind it", async () => {
  using box = new DurableBox({ ordered: false });
  const silent = () =>
    source("s", async function* (signal: AbortSignal) {
      yield* packets(5);
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    });
  const turns = async () => {
    for (let turn = 0; turn < 50; turn++) await macrotask();
  };
  const killed = await box.start([silent(), keeper(100), sink("z")], ["s => k", "k -> z"]);
  await turns();
  using after = box.afterCrash();
  const z = sink("z");
  const run = await after.start(
    [
      source("s", async function* (signal: AbortSignal) {
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      }),
      keeper(5),
      z,
    ],
    ["s => k", "k -> z"],
  );
  await turns();
  expect(z.ids).toEqual(["p0+p1+p2+p3+p4"]);
  for (const { engine, ended, host } of [killed, run]) {
    engine.stop("signal");
    await toEnd(ended, host);
  }
});

test("a kept packet that comes again takes none along that was handed out since", async () => {
  using box = new DurableBox();
  const processed: string[] = [];
  let failed = false;
  const k = made("k", ({ hold, wakeAfter }) => {
    const holds: Hold[] = [];
    return {
      process({ packet_id }) {
        processed.push(packet_id);
        holds.push(hold()!);
        wakeAfter(1_000);
      },
      wake() {
        // The first comes again; all the others are still in these hands, and stay there.
        if (!failed) {
          failed = true;
          holds.shift()!.fail(new Unavailable("away"));
          return wakeAfter(60_000);
        }
        for (const each of holds.splice(0)) each.release();
      },
    };
  });
  const ended = await box.run([source("s", packets(4)), k], ["s => k"]);
  expect(processed).toEqual(["p0", "p1", "p2", "p3", "p0"]);
  expect(durable(ended)).toMatchObject({ delivered: 5, redelivered: 0, acked: 4, nacked: 1, ready: 0, leased: 0 });
});

import { describe, expect, test } from "bun:test";
import { sleep } from "../../src/base/clock.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import {
  counters,
  drops,
  edge,
  engine,
  macrotask,
  node,
  packets,
  run,
  sink,
  source,
  type TestNode,
  toEnd,
} from "../support/engine.ts";
import { packet } from "../support/node.ts";

/** Payload: rounds still to go. A packet that has none left leaves by `out`, another goes `on`. */
const turnstile = (id = "work", runtime = {}) =>
  node(
    id,
    (one, emit) => {
      const left = one.payload as number;
      if (left === 0) emit.out!(one);
      else emit.on!(packet({ ...one, payload: left - 1 }));
    },
    { outputs: ["out", "on"], runtime },
  );

const delay = (runtime = {}, options: Parameters<typeof node>[2] = {}) =>
  node("back", undefined, { kind: "delay", runtime, ...options });

const rounds = (...payloads: number[]) => payloads.map((payload, at) => packet({ packet_id: `p${at}`, payload }));

const RING = ["in -> work", "work.out -> end", "work.on -> back", "back -> work"];
const RESTLESS = { max_hops: "off" } as const;

/** A ring in which every packet goes on for ever. */
const forever = (given: Iterable<StreamPacket> | TestNode, back = delay(RESTLESS)) => {
  const feeding = "kind" in given ? given : source("in", given);
  return [feeding, node("work"), back, sink("end")] as const;
};
const ENDLESS = ["in -> work", "work -> back", "back -> work", "in -> end"];

describe("a packet in a cycle", () => {
  test("leaves it when it is done, before the next one enters", async () => {
    const end = sink("end");
    const ended = await run([source("in", rounds(3, 0, 2, 5)), turnstile(), delay(), end], RING);
    expect(end.ids).toEqual(["p0", "p1", "p2", "p3"]);
    expect(ended.status).toBe("ok");
    expect(edge(ended, "work -> back").passed).toBe(10);
    expect(counters(ended, "work").consumed).toBe(14);
  });

  test("goes round max_hops times and is then set aside, once said and counted each time", async () => {
    const bounded = delay({ max_hops: 7 });
    const ended = await run([source("in", rounds(7, 8, 9)), turnstile(), bounded, sink("end")], RING);
    expect(
      ended.deadLetters.recent.map(({ packet: one, ...letter }) => ({ ...letter, id: one!.packet_id })),
    ).toMatchObject(
      ["p1", "p2"].map((id) => ({ id, node_id: "back", port: "in", reason: expect.stringContaining("hop_limit") })),
    );
    expect(drops(edge(ended, "work -> back").dropped)).toEqual({ hop_limit: 2 });
    expect(drops(counters(ended, "back").dropped)).toEqual({ hop_limit: 2 });
    expect(ended.status).toBe("degraded");
    expect(ended.host.logged.filter(({ node: id }) => id === "back")).toMatchObject([
      { message: expect.stringContaining("do not leave it"), fields: { from: "work", to: "back.in" } },
    ]);
  });

  test("may go round 1,000 times where nothing is said", async () => {
    const ended = await run([source("in", rounds(1_000, 1_001)), turnstile(), delay(), sink("end")], RING);
    expect(drops(edge(ended, "work -> back").dropped)).toEqual({ hop_limit: 1 });
    expect(counters(ended, "end").consumed).toBe(1);
  });

  test("is counted through promises, iterators and nodes that make new ones of it", async () => {
    const later = node("later", async (one, emit) => {
      await sleep(ended.clock, 5);
      emit.out!(packet({ ...one }));
    });
    const many = node("many", function* (one) {
      yield packet({ ...one });
    });
    const ring = ["in -> later", "later -> many", "many -> back", "back -> later", "back -> end"];
    const { engine: one, host } = engine(
      [source("in", rounds(0)), later, many, delay({ max_hops: 3 }), sink("end")],
      ring,
    );
    const ended = { clock: host.clock };
    const over = await toEnd(one.run(), host);
    expect(drops(edge(over, "many -> back").dropped)).toEqual({ hop_limit: 1 });
    expect(counters(over, "end").consumed).toBe(3);
  });

  test("is another when an old one is let go for it: each has its own count", async () => {
    const kept: StreamPacket[] = [];
    const byOne = delay(
      { max_hops: 4 },
      {
        create: () => ({
          process(one, emit) {
            kept.push(one);
            if (kept.length > 1) emit.out!(kept.shift()!);
          },
        }),
      },
    );
    const ended = await run([source("in", rounds(4, 4, 4, 0)), turnstile(), byOne, sink("end")], RING);
    expect(ended.deadLetters.total).toBe(0);
  });
});

describe("a cycle that makes more than it takes", () => {
  const twice = () =>
    node("work", (one, emit) => {
      for (const half of ["a", "b"]) emit.out!(packet({ ...one, packet_id: `${one.packet_id}${half}` }));
    });
  const ring = ["in -> work", "work -> back", "back -> work", "in -> end"];

  test.each(["block", "drop_oldest", "drop_newest", "fail"] as const)(
    "runs into the bound of its inbox, with overflow %s as with any other",
    async (overflow) => {
      const back = delay({ inbox: { capacity: 8, overflow }, max_hops: 50 });
      const ended = await run([source("in", packets(3)), twice(), back, sink("end")], ring);
      const { loop_full = 0, hop_limit = 0, ...others } = drops(edge(ended, "work -> back").dropped);
      expect(others).toEqual({});
      expect(loop_full).toBeGreaterThan(0);
      expect(ended.deadLetters.total).toBe(loop_full + hop_limit);
      expect(ended.status).toBe("degraded");
      expect(ended.stopReason).toBe("end_of_input");
      expect(counters(ended, "end").consumed).toBe(3);
      const said = ended.host.logged.filter(({ message }) => message.includes("more packets than it takes"));
      expect(said).toHaveLength(1);
      expect(ended.nodes.find(({ id }) => id === "back")!.inboxes).toMatchObject([{ port: "in.loop", peak: 8 }]);
    },
  );
});

describe("a cycle that is slower than its source", () => {
  test("makes the source wait, and loses nothing", async () => {
    const slow = delay(
      { inbox: { capacity: 4 } },
      {
        create: ({ clock }) => ({
          async process(one, emit) {
            await sleep(clock, 3);
            emit.out!(one);
          },
        }),
      },
    );
    const end = sink("end");
    const ended = await run(
      [source("in", rounds(...Array.from({ length: 300 }, (_, at) => at % 3))), turnstile(), slow, end],
      RING,
    );
    expect(ended.status).toBe("ok");
    expect(end.ids).toHaveLength(300);
    expect(ended.nodes.find(({ id }) => id === "back")!.inboxes[0]!.peak).toBeLessThanOrEqual(4);
  });

  test("has an inbox of its own at a port that others fill as well", async () => {
    const slow = delay(
      { inbox: { capacity: 4 } },
      {
        create: ({ clock }) => ({
          async process(one, emit) {
            await sleep(clock, 3);
            emit.out!(one);
          },
        }),
      },
    );
    const end = sink("end");
    const given = rounds(...Array.from({ length: 100 }, (_, at) => at % 3));
    const ended = await run([source("in", given), turnstile(), slow, end], ["in -> back", ...RING.slice(1)]);
    expect([ended.status, end.ids.length]).toEqual(["ok", 100]);
    expect(ended.nodes.find(({ id }) => id === "back")!.inboxes.map(({ port }) => port)).toEqual(["in", "in.loop"]);
  });

  test("does not wait for itself where an inbox on it is full", async () => {
    const end = sink("end");
    const small = turnstile("work", { inbox: { capacity: 1 } });
    const given = rounds(...Array.from({ length: 100 }, (_, at) => at % 4));
    const ended = await run([source("in", given), small, delay({ inbox: { capacity: 2 } }), end], RING);
    expect([ended.status, end.ids.length]).toEqual(["ok", 100]);
  });
});

describe("a cycle that never rests", () => {
  test("lets the packets of sources and timers in between", async () => {
    const told: string[] = [];
    const clockwork = source("clockwork", async function* () {
      for (const id of ["x", "y", "z"]) {
        await sleep(host.clock, 20);
        yield packet(id);
      }
    });
    const nodes = [
      ...forever(packets(1)),
      clockwork,
      node("ear", ({ source_id }) => void told.push(source_id), { kind: "sink", outputs: [] }),
    ];
    const { engine: one, host } = engine(nodes, [...ENDLESS, "clockwork -> ear"]);
    const ended = await toEnd(one.run(), host);
    expect(told).toEqual(["x", "y", "z"]);
    expect(host.yields).toBeGreaterThan(10);
    expect(ended.stopReason).toBe("end_of_input");
  });

  test("lets in a source that always has more", async () => {
    let given = 0;
    const eager = source("in", function* () {
      for (; given < 50; given++) yield packet(`${given}`);
    });
    const ended = await run(forever(eager), ENDLESS, { drainMs: 100 });
    expect(drops(edge(ended, "work -> back").dropped)).toEqual({ loop_ended: 50 });
  });

  test("lets others in at the same packet, fused or not", async () => {
    const order = async (fuse: boolean) => {
      const seen: string[] = [];
      const note = (id: string) => (one: StreamPacket, emit: { out?(packet: StreamPacket): void }) => {
        seen.push(id);
        emit.out?.(one);
      };
      const back = node("back", note("back"), { kind: "delay", runtime: { max_hops: 2_000 } });
      const ear = node("ear", note("ear"), { kind: "sink", outputs: [] });
      const nodes = [source("in", packets(1)), source("other", packets(5)), ear, node("work", note("work")), back];
      await run(nodes, ["in -> work", "other -> ear", "work -> back", "back -> work"], { fuse });
      return seen.join(" ");
    };
    const fused = await order(true);
    expect(fused).toBe(await order(false));
    expect(fused.split("ear")).toHaveLength(6);
  });

  test("is cut half the drain time after the end of its input: counted, and nothing is wrong", async () => {
    const { engine: one, host } = engine(forever(packets(3)), ENDLESS, { drainMs: 2_000 });
    const startedMs = host.clock.monotonicMs();
    const ended = await toEnd(one.run(), host);
    expect(host.clock.monotonicMs() - startedMs).toBeWithin(1_000, 1_100);
    expect(drops(edge(ended, "work -> back").dropped)).toEqual({ loop_ended: 3 });
    expect([ended.status, ended.stopReason]).toEqual(["ok", "end_of_input"]);
  });

  test("is cut half the drain time after a stop, while its source would go on", async () => {
    const waiting = source("in", async function* () {
      yield packet("p");
      await new Promise(() => {});
    });
    const { engine: one, host } = engine(forever(waiting), ENDLESS, { drainMs: 2_000 });
    const ending = one.run();
    for (let steps = 0; steps < 100; steps++) {
      await macrotask();
      host.clock.advance(100);
    }
    expect(one.state).toBe("running");
    one.stop("signal");
    const stoppedMs = host.clock.monotonicMs();
    const ended = await toEnd(ending, host);
    expect(host.clock.monotonicMs() - stoppedMs).toBeWithin(1_000, 1_100);
    expect([ended.status, drops(edge(ended, "work -> back").dropped)]).toEqual(["ok", { loop_ended: 1 }]);
  });

  test("ends the run at once when nothing goes round any more", async () => {
    const { engine: one, host } = engine([source("in", rounds(2)), turnstile(), delay(), sink("end")], RING);
    await toEnd(one.run(), host);
    expect(host.clock.monotonicMs()).toBeLessThan(100);
  });
});

describe("acks through a cycle", () => {
  /** Who was told what, in order. */
  function told() {
    const heard: string[] = [];
    return {
      heard,
      ack: ({ packet_id }: StreamPacket) => void heard.push(`ack ${packet_id}`),
      nack: ({ packet_id }: StreamPacket, _: string, { kind }: { kind: string }) =>
        void heard.push(`${kind} ${packet_id}`),
    };
  }

  test("come once, when the last copy has left", async () => {
    const { heard, ...hears } = told();
    const fan = node(
      "work",
      (one, emit) => {
        const left = one.payload as number;
        emit.out!(one);
        if (left > 0)
          for (const half of ["a", "b"])
            emit.on!(packet({ ...one, packet_id: `${one.packet_id}${half}`, payload: left - 1 }));
      },
      { outputs: ["out", "on"] },
    );
    const end = node("end", ({ packet_id }) => void heard.push(packet_id), { kind: "sink", outputs: [] });
    await run([source("in", rounds(0, 2), hears), fan, delay(), end], RING);
    expect(heard.filter((one) => one.startsWith("ack"))).toEqual(["ack p0", "ack p1"]);
    expect(heard.at(-1)).toBe("ack p1");
    expect(heard).toHaveLength(2 + 1 + 7);
  });

  test("are a nack for good at the hop limit, and one for now when the cycle is cut", async () => {
    const { heard, ...hears } = told();
    await run([source("in", rounds(1, 9, 0), hears), turnstile(), delay({ max_hops: 3 }), sink("end")], RING);
    expect(heard).toEqual(["ack p0", "rejected p1", "ack p2"]);
    const cut = told();
    await run(forever(source("in", rounds(0), { ack: cut.ack, nack: cut.nack })), ENDLESS, { drainMs: 100 });
    expect(cut.heard).toEqual(["unavailable p0"]);
  });
});

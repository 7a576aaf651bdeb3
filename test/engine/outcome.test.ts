import { describe, expect, test } from "bun:test";
import type { Emit, NodeContext, PacketOutcome, ProcessResult } from "../../src/node/index.ts";
import { dedup } from "../../src/nodes/state/dedup.ts";
import { idempotencyKey, type StreamPacket } from "../../src/packet/index.ts";
import { DELIVERY_DEFAULTS } from "../support/delivery.ts";
import { DurableBox } from "../support/durable.ts";
import { counters, engine, macrotask, node, packets, run, sink, source, toEnd } from "../support/engine.ts";
import { packet } from "../support/node.ts";

type Asking = (context: NodeContext, one: StreamPacket, emit: Emit) => ProcessResult;

/** A node that may ask its context. */
const asking = (id: string, process: Asking, options: Parameters<typeof node>[2] = {}) =>
  node(id, undefined, {
    ...options,
    create: (context) => ({ process: (one, emit) => process(context, one, emit) }),
  });

/** A source that waits, and what it heard in order. */
function waiting(id: string, sent: readonly StreamPacket[] | (() => AsyncIterable<StreamPacket>)) {
  const heard: string[] = [];
  const one = source(id, typeof sent === "function" ? sent : [...sent], {
    ack: ({ packet_id }) => heard.push(`ack ${packet_id}`),
    nack: ({ packet_id }, _, { kind }) => heard.push(`${kind} ${packet_id}`),
  });
  return { one, heard };
}

const fails = () => {
  throw new Error("no");
};

/** A gate that holds calls of `process` until it is opened, or broken. */
function gate() {
  let open!: () => void;
  let fail!: (error: Error) => void;
  const held = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  held.catch(() => {});
  return { held, open, fail };
}

describe("the outcome of a packet", () => {
  test("is undefined when nobody waits for it, also when a durable edge counts its copies", async () => {
    using box = new DurableBox();
    const asked: boolean[] = [];
    const look = asking("look", ({ outcome }, one, emit) => {
      asked.push(outcome() !== undefined);
      emit.out!(one);
    });
    await box.run([source("s", packets(2)), look, sink("z")], ["s -> look", "look => z"]);
    expect(asked).toEqual([false, false]);
  });

  test("is there for a packet from a durable edge, and from a source that hears", async () => {
    using box = new DurableBox();
    const asked: boolean[] = [];
    const look = asking("look", ({ outcome }) => void asked.push(outcome() !== undefined), { kind: "sink" });
    const { one } = waiting("w", packets(1, "w"));
    await box.run([source("s", packets(1)), one, look], ["s => look", "w -> look"]);
    expect(asked).toEqual([true, true]);
  });

  test("tells once whether all that came of the packet is done, before the source hears", async () => {
    const { one, heard } = waiting("s", packets(3));
    const look = asking("look", ({ outcome }, of, emit) => {
      outcome()!.onSettled((failed) => heard.push(`${failed} ${of.packet_id}`));
      emit.out!(of);
    });
    const bad = sink(
      "bad",
      {},
      { create: () => ({ process: ({ payload }) => (payload === 1 ? fails() : undefined) }) },
    );
    await run([one, look, sink("z"), bad], ["s -> look", "look -> z", "look -> bad"]);
    const ends = ["false p0", "ack p0", "true p1", "failed p1", "false p2", "ack p2"];
    expect(heard).toEqual(ends);
  });

  test("tells at once when it is settled already", async () => {
    const { one } = waiting("s", packets(1));
    let kept: PacketOutcome | undefined;
    const look = asking("look", ({ outcome }) => {
      kept = outcome();
    });
    await run([one, look], ["s -> look"]);
    const told: boolean[] = [];
    kept!.onSettled((failed) => told.push(failed));
    kept!.follow(kept!);
    expect(told).toEqual([false]);
  });

  test("is that of the call under way in a retry, in an ordered line, in an iterator and under a delivery policy", async () => {
    const how: Record<string, { process: Asking; runtime: object }> = {
      retry: {
        process: ({ outcome }, { meta }) => {
          // Read through a listener, as the first try is over when the second begins.
          outcome()!.onSettled(() => {});
          const tries = meta as { tries: number };
          tries.tries += 1;
          if (tries.tries < 2) fails();
        },
        runtime: { on_error: "retry" },
      },
      line: {
        process: async ({ outcome }) => {
          outcome()!.onSettled(() => {});
          await macrotask();
          expect(outcome()).toBeUndefined();
        },
        runtime: { concurrency: 4 },
      },
      iterator: {
        process: function* ({ outcome }, one) {
          outcome()!.onSettled(() => {});
          yield one;
          outcome()!.onSettled(() => {});
        },
        runtime: { concurrency: 4 },
      },
      delivery: {
        process: ({ outcome }, { meta }) => {
          outcome()!.onSettled(() => {});
          const tries = meta as { tries: number };
          tries.tries += 1;
          if (tries.tries < 2) fails();
        },
        runtime: { delivery: DELIVERY_DEFAULTS, concurrency: 4 },
      },
    };
    for (const [name, { process, runtime }] of Object.entries(how)) {
      const sent = packets(4).map((one) => ({ ...one, meta: { tries: 0 } }));
      const { one, heard } = waiting("s", sent);
      const ended = await run([one, asking("a", process, { runtime }), sink("z")], ["s -> a", "a -> z"]);
      expect([name, ended.deadLetters.recent]).toEqual([name, []]);
      expect([name, heard.toSorted()]).toEqual([name, ["ack p0", "ack p1", "ack p2", "ack p3"]]);
    }
  });

  test("under a delivery policy is that of the packet that is tried, not of the one that came last", async () => {
    const { one, heard } = waiting("s", packets(2));
    let failed = false;
    const process: Asking = ({ outcome }, of) => {
      if (of.packet_id === "p0" && !failed) {
        failed = true;
        return fails();
      }
      outcome()!.onSettled(() => heard.push(`settled ${of.packet_id}`));
    };
    await run([one, asking("a", process, { runtime: { delivery: DELIVERY_DEFAULTS, concurrency: 2 } })], ["s -> a"]);
    for (const id of ["p0", "p1"]) expect(heard.indexOf(`settled ${id}`)).toBe(heard.indexOf(`ack ${id}`) - 1);
  });

  test("survives a listener that throws, which is an error of its node", async () => {
    const { one, heard } = waiting("s", packets(1));
    const look = asking("look", ({ outcome }) => outcome()!.onSettled(fails));
    const ended = await run([one, look], ["s -> look"]);
    expect([heard, counters(ended, "look").errors]).toEqual([["ack p0"], 1]);
  });

  test("that follows another comes with it, done or failed, and not before", async () => {
    for (const broken of [false, true]) {
      const { one, heard } = waiting("s", packets(2));
      const { held, open, fail } = gate();
      let first: PacketOutcome | undefined;
      const lead = asking("lead", ({ outcome }, _, emit) => {
        const own = outcome()!;
        if (first !== undefined) return own.follow(first);
        first = own;
        emit.out!(_);
      });
      const slow = node("slow", () => held, { kind: "sink", outputs: [] });
      const { engine: made, host } = engine([one, lead, slow], ["s -> lead", "lead -> slow"]);
      const ending = made.run();
      for (let turn = 0; turn < 5; turn++) await macrotask();
      expect(heard).toEqual([]);
      if (broken) fail(new Error("no"));
      else open();
      await toEnd(ending, host);
      expect(heard.toSorted()).toEqual(broken ? ["failed p0", "failed p1"] : ["ack p0", "ack p1"]);
    }
  });

  test("refuses to follow a packet that follows it, as neither would ever be done", async () => {
    const { one, heard } = waiting("s", packets(3));
    const outcomes: PacketOutcome[] = [];
    const { held, open } = gate();
    const meet = asking(
      "meet",
      async ({ outcome }, { payload }) => {
        outcomes.push(outcome()!);
        if (payload === 2) {
          outcomes[1]!.follow(outcomes[0]!);
          outcomes[2]!.follow(outcomes[1]!);
          try {
            outcomes[0]!.follow(outcomes[2]!);
          } finally {
            open();
          }
        }
        await held;
      },
      { runtime: { concurrency: 3 } },
    );
    await run([one, meet], ["s -> meet"]);
    expect(heard.toSorted()).toEqual(["ack p0", "ack p1", "unavailable p2"]);
  });
});

describe("dedup", () => {
  const once = (id = "once") => node(id, undefined, { outputs: ["out", "duplicate"], create: createDedup });
  const createDedup = (context: NodeContext) => dedup.create({ window_sec: 60, max_keys: 100 }, context);
  const keyed = (key: string, id: string) => packet({ packet_id: id, source_id: id, meta: { idempotency_key: key } });

  test("behind a durable edge passes a packet again that failed further on", async () => {
    using box = new DurableBox();
    let failures = 2;
    const out = sink("out", {}, {});
    const flaky = node("flaky", (one, emit) => (failures-- > 0 ? fails() : emit.out!(one)));
    const ended = await box.run(
      [source("s", packets(2)), once(), flaky, out],
      ["s => once", "once -> flaky", "flaky -> out"],
    );
    expect(out.ids.toSorted()).toEqual(["p0", "p1"]);
    expect(ended.edges[0]!.durable).toMatchObject({ acked: 2, ready: 0 });
  });

  test("answers a repeat when the first is safe, and not before", async () => {
    const { one, heard } = waiting("s", [keyed("k", "a"), keyed("k", "b")]);
    const { held, open } = gate();
    const slow = node("slow", () => held, { kind: "sink", outputs: [] });
    const { engine: made, host } = engine([one, once(), slow], ["s -> once", "once -> slow"]);
    const ending = made.run();
    for (let turn = 0; turn < 5; turn++) await macrotask();
    expect(heard).toEqual([]);
    open();
    await toEnd(ending, host);
    expect(heard.toSorted()).toEqual(["ack a", "ack b"]);
  });

  test("fails a repeat with the first, and lets the next one pass", async () => {
    const { held, fail } = gate();
    const more = gate();
    const { one, heard } = waiting("s", async function* () {
      yield keyed("k", "a");
      yield keyed("k", "b");
      await more.held;
      yield keyed("k", "c");
      yield keyed("k", "d");
    });
    const got: string[] = [];
    const slow = node("slow", ({ packet_id }) => (got.push(packet_id) === 1 ? held : undefined), {
      kind: "sink",
      outputs: [],
    });
    const { engine: made, host } = engine([one, once(), slow], ["s -> once", "once -> slow"]);
    const ending = made.run();
    for (let turn = 0; turn < 5; turn++) await macrotask();
    fail(new Error("no"));
    for (let turn = 0; turn < 5; turn++) await macrotask();
    more.open();
    await toEnd(ending, host);
    expect(got).toEqual(["a", "c"]);
    expect(heard.toSorted()).toEqual(["ack c", "ack d", "failed a", "failed b"]);
  });

  test("does not wait for itself when two copies of one packet come together", async () => {
    const { one, heard } = waiting("s", packets(2));
    const out = sink("z");
    const nodes = [one, node("a"), node("b"), once(), out];
    await run(nodes, ["s -> a", "s -> b", "a -> once", "b -> once", "once -> z"]);
    expect([out.ids, heard]).toEqual([
      ["p0", "p1"],
      ["ack p0", "ack p1"],
    ]);
  });

  test("twice, met in another order, ends: both packets have to come again", async () => {
    const { one, heard } = waiting("s", [keyed("k", "a"), keyed("k", "b")]);
    const { held, open } = gate();
    // Packet a is first at `left`, packet b at `right`.
    const late = node(
      "late",
      async (of, emit) => {
        if (of.packet_id === "a") await held;
        emit.out!(of);
      },
      { runtime: { concurrency: 2, ordered: false } },
    );
    const slow = node("slow", () => held, { kind: "sink", outputs: [], runtime: { concurrency: 4 } });
    const nodes = [one, late, once("left"), once("right"), slow];
    const edges = ["s -> left", "s -> late", "late -> right", "left -> slow", "right -> slow"];
    const { engine: made, host } = engine(nodes, edges);
    const ending = made.run();
    for (let turn = 0; turn < 5; turn++) await macrotask();
    open();
    await toEnd(ending, host);
    expect(heard.toSorted()).toEqual(["unavailable a", "unavailable b"]);
  });

  test("without anybody waiting is what it was: a repeat is dropped whatever became of the first", async () => {
    const out = sink("out");
    const bad = node("bad", fails);
    const sent = [keyed("k", "a"), keyed("k", "b")];
    const ended = await run([source("s", sent), once(), bad, out], ["s -> once", "once -> bad", "bad -> out"]);
    expect([out.ids, ended.deadLetters.total]).toEqual([[], 1]);
    expect(sent.map(idempotencyKey)).toEqual(["k", "k"]);
  });
});

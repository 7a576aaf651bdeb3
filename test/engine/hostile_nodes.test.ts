import { describe, expect, test } from "bun:test";
import { Inbox } from "../../src/engine/inbox.ts";
import { packetBytes } from "../../src/packet/index.ts";
import { counters, node, packets, run, sink, source } from "../support/engine.ts";
import { packet } from "../support/node.ts";

const EDGES = ["s -> work", "work -> end"];

const bomb = (message = "boom") => ({
  get it(): never {
    throw new Error(message);
  },
});

const throwing = (key: string, target = {}) => Object.defineProperty(target, key, { get: () => bomb().it });

/** What a plugin may throw that neither `String` nor a template can show. */
const UNSHOWABLE: [string, unknown][] = [
  ["a map without a prototype", Object.create(null)],
  [
    "a value whose toString throws",
    {
      toString() {
        throw new Error("no text");
      },
    },
  ],
  ["an error whose message is no text", Object.assign(new Error(), { message: 5n })],
  ["an error whose message throws", throwing("message", new Error())],
];

describe("the packet is set aside with a text and the run goes on when a node", () => {
  test.each(UNSHOWABLE)("throws %s", async (_, thrown) => {
    const end = sink("end");
    const work = node("work", (one, emit) => {
      if (one.payload === 1) throw thrown;
      emit.out!(one);
    });
    const ended = await run([source("s", packets(3)), work, end], EDGES);
    expect(end.ids).toEqual(["p0", "p2"]);
    expect(ended).toMatchObject({ status: "degraded", deadLetters: { total: 1 } });
    expect(typeof ended.deadLetters.recent[0]!.reason).toBe("string");
  });

  test.each(UNSHOWABLE)("rejects with %s", async (_, thrown) => {
    const end = sink("end");
    const work = node("work", async (one, emit) => {
      if (one.payload === 1) throw thrown;
      emit.out!(one);
    });
    const ended = await run([source("s", packets(3)), work, end], EDGES);
    expect(end.ids).toEqual(["p0", "p2"]);
    expect(ended.deadLetters.total).toBe(1);
  });

  const PROXY = new Proxy(
    {},
    {
      has: () => bomb().it,
      get: () => bomb().it,
    },
  );
  test.each<[string, unknown]>([
    ["a then that throws", throwing("then")],
    ["a next that throws", throwing("next")],
    ["a proxy that throws", PROXY],
  ])("returns a value with %s", async (_, result) => {
    const end = sink("end");
    const work = node("work", (one, emit) => {
      if (one.payload === 1) return result as never;
      emit.out!(one);
    });
    const ended = await run([source("s", packets(3)), work, end], EDGES);
    expect(end.ids).toEqual(["p0", "p2"]);
    expect(ended.deadLetters.recent.map(({ node_id, reason }) => [node_id, reason])).toEqual([["work", "boom"]]);
  });
});

test("a close that throws what cannot be shown keeps no other node from closing", async () => {
  let closed = false;
  const work = node("work", undefined, {
    close() {
      throw Object.create(null);
    },
  });
  const end = node("end", () => {}, {
    outputs: [],
    close() {
      closed = true;
    },
  });
  const ended = await run([source("s", packets(1)), work, end], EDGES);
  expect(closed).toBe(true);
  expect(counters(ended, "work").errors).toBe(1);
});

test("a packet whose payload throws when it is read is the reader's dead letter", async () => {
  const work = node("work", (one, emit) => emit.out!(one.payload === 1 ? { ...one, payload: bomb() } : one));
  const end = node("end", (one) => void (one.payload as { it?: unknown }).it, { outputs: [] });
  const ended = await run([source("s", packets(3)), work, end], EDGES);
  expect(ended.deadLetters.recent.map(({ node_id, reason }) => [node_id, reason])).toEqual([["end", "boom"]]);
});

test("a source may yield what throws when it is looked at: that is set aside", async () => {
  const broken = throwing("packet_id");
  const end = sink("end");
  const ended = await run([source("s", () => [broken as never, ...packets(1)]), end], ["s -> end"]);
  expect(end.ids).toEqual(["p0"]);
  expect(ended.deadLetters.recent[0]!.reason).toBe("run yielded no packet: reading its fields throws");
});

test("a source's reject with a reason that is no text is told as text", async () => {
  const reader = source("s", packets(1), {
    create: ({ reject }) => ({
      *run() {
        reject({ line: 1 }, 5n as never);
        yield* packets(1);
      },
    }),
  });
  const ended = await run([reader, sink("end")], ["s -> end"]);
  expect(ended.deadLetters.recent[0]!.reason).toBe("5");
});

test("an ack that throws what cannot be shown is noted at the source", async () => {
  const waiting = source("s", packets(1), {
    ack() {
      throw Object.create(null);
    },
  });
  const ended = await run([waiting, sink("end")], ["s -> end"]);
  expect(counters(ended, "s").errors).toBe(1);
});

test("a packet whose size cannot be told counts as its bookkeeping alone, each time it is asked", () => {
  const one = packet({ payload: bomb() });
  expect([packetBytes(one), packetBytes(one)]).toEqual([256, 256]);
});

test("weighted_drop takes a map in the group's place for no group, also one that cannot be shown", () => {
  const weights = { key: "class", values: { dull: 1 }, fallback: 2 };
  const inbox = new Inbox({ capacity: 3, max_bytes: 1_000_000, overflow: "weighted_drop", weights });
  for (const group of [JSON.parse('{"toString":1,"valueOf":1}'), "dull"])
    inbox.push(packet({ payload: { class: group } }), undefined, 0, 0);
  expect(inbox.evict()!.packet.payload).toEqual({ class: "dull" });
});

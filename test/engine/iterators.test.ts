import { expect, test } from "bun:test";
import { sleep } from "../../src/base/clock.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import { counters, edge, macrotask, node, packets, run, sink, source } from "../support/engine.ts";

const EDGES = ["s -> expand", "expand -> end"];
const SMALL = { inbox: { capacity: 2 } };
const named = (count: number) => packets(count).map((one) => one.packet_id);

function* many(one: StreamPacket, count = 50) {
  yield* packets(count, `${one.packet_id}.`);
}

async function* manyLater(one: StreamPacket, count = 50) {
  for (const made of many(one, count)) {
    await Promise.resolve();
    yield made;
  }
}

test("an iterator never fills an inbox of 2 beyond its bound", async () => {
  const end = sink("end", SMALL);
  const ended = await run([source("s", packets(3)), node("expand", (one) => many(one)), end], EDGES);
  expect(end.ids).toEqual(packets(3).flatMap((one) => [...many(one)].map((made) => made.packet_id)));
  expect(ended.nodes[2]!.inboxes[0]!.peak).toBeLessThanOrEqual(2);
  expect(counters(ended, "expand")).toMatchObject({ consumed: 3, produced: 150 });
});

test("an iterator is pulled only as far as there is room", async () => {
  let pulled = 0;
  const ahead: number[] = [];
  const end = node("end", () => void ahead.push(pulled), { kind: "sink", outputs: [], runtime: SMALL });
  const expand = node("expand", function* (one) {
    for (const made of many(one, 10)) {
      pulled += 1;
      yield made;
    }
  });
  await run([source("s", packets(1)), expand, end], EDGES);
  expect(ahead.map((at, index) => at - index)).toEqual(new Array(10).fill(1));
});

test("an async iterator never fills an inbox of 2 beyond its bound", async () => {
  const end = node("end", () => macrotask(), { kind: "sink", outputs: [], runtime: SMALL });
  const ended = await run([source("s", packets(3)), node("expand", (one) => manyLater(one)), end], EDGES);
  expect(counters(ended, "end").consumed).toBe(150);
  expect(ended.nodes[2]!.inboxes[0]!.peak).toBeLessThanOrEqual(2);
});

for (const ordered of [true, false]) {
  test(`several async iterators at once all come to their end (ordered: ${ordered})`, async () => {
    const got: string[] = [];
    const end = node(
      "end",
      async (one) => {
        await macrotask();
        got.push(one.packet_id);
      },
      { kind: "sink", outputs: [], runtime: SMALL },
    );
    const expand = node("expand", (one) => manyLater(one), { runtime: { concurrency: 4, ordered } });
    const ended = await run([source("s", packets(8)), expand, end], EDGES);
    const expected = packets(8).flatMap((one) => [...many(one)].map((made) => made.packet_id));
    expect(ordered ? got : got.toSorted()).toEqual(ordered ? expected : expected.toSorted());
    expect(ended.nodes[1]!.inFlight).toBe(0);
  });
}

test("an ordered async iterator behind a slow call waits instead of piling up packets", async () => {
  let pulled = 0;
  let pulledBefore = 0;
  const expand = node(
    "expand",
    (one) =>
      (async function* () {
        if (one.payload === 0) {
          for (let turn = 0; turn < 2_000; turn++) await macrotask();
          pulledBefore = pulled;
        } else {
          for (const made of many(one, 70_000)) {
            pulled += 1;
            yield made;
          }
        }
      })(),
    { runtime: { concurrency: 2 } },
  );
  // Room for all, so that the line alone is what it waits for.
  const end = sink("end", { inbox: { capacity: 100_000 } });
  const ended = await run([source("s", packets(2)), expand, end], EDGES, {}, { stepMs: 1 });
  expect(ended.status).toBe("ok");
  expect(edge(ended, "expand -> end").passed).toBe(70_000);
  expect(pulledBefore).toBeLessThanOrEqual(1_000);
});

for (const ordered of [true, false]) {
  test(`an iterator of a retried packet does not push another iterator aside (ordered: ${ordered})`, async () => {
    let attempts = 0;
    const expand = node(
      "expand",
      (one) => {
        if (one.payload === 0 && attempts++ === 0) throw new Error("first attempt fails");
        return many(one, 20);
      },
      { runtime: { concurrency: 2, ordered, on_error: "retry" } },
    );
    const slowEnd = {
      ...node("end", undefined, { kind: "sink", outputs: [], runtime: SMALL }),
      create: ({ clock }: { clock: Parameters<typeof sleep>[0] }) => ({ process: () => sleep(clock, 50) }),
    };
    const ended = await run([source("s", packets(3)), expand, slowEnd], EDGES);
    expect(counters(ended, "end").consumed).toBe(60);
    expect(ended.nodes[1]!.inFlight).toBe(0);
  });
}

test("an iterator that yields no packet is closed and its packet a dead letter", async () => {
  let closed = false;
  const expand = node("expand", function* (one) {
    try {
      yield one;
      yield "two" as unknown as StreamPacket;
    } finally {
      closed = true;
    }
  });
  const end = sink("end");
  const ended = await run([source("s", packets(1)), expand, end], EDGES);
  expect(end.ids).toEqual(named(1));
  expect(ended.deadLetters.recent[0]!.reason).toContain("yielded no packet: expected a packet object, got string");
  expect(closed).toBe(true);
});

test("an async iterator that yields no packet is closed and its packet a dead letter", async () => {
  let closed = false;
  const expand = node("expand", async function* () {
    try {
      yield null as unknown as StreamPacket;
    } finally {
      closed = true;
    }
  });
  const ended = await run([source("s", packets(1)), expand, sink("end")], EDGES);
  expect(ended.deadLetters.recent[0]!.reason).toContain("yielded no packet: expected a packet object, got null");
  expect(closed).toBe(true);
});

test("an iterator that throws midway keeps what it gave and is a dead letter", async () => {
  const end = sink("end");
  const expand = node("expand", function* (one) {
    yield one;
    throw new Error("broken file");
  });
  const ended = await run([source("s", packets(2)), expand, end], EDGES);
  expect(end.ids).toEqual(named(2));
  expect(ended.deadLetters.total).toBe(2);
});

test("an iterator that is left behind is closed", async () => {
  let closed = false;
  const expand = node("expand", function* (one) {
    try {
      for (;;) yield one;
    } finally {
      closed = true;
    }
  });
  const end = node("end", () => new Promise<void>(() => {}), { kind: "sink", outputs: [], runtime: SMALL });
  const ended = await run([source("s", packets(1)), expand, end], EDGES, {
    throttles: [{ name: "soon", limitMs: 100, grant: () => 1 }],
    drainMs: 100,
  });
  expect(ended.status).toBe("degraded");
  expect(closed).toBe(true);
});

test("a call that emits 70,000 packets into a full inbox is told to return an iterator", async () => {
  const burst = node("expand", (one, emit) => {
    for (const made of many(one, 70_000)) emit.out!(made);
  });
  const ended = await run([source("s", packets(1)), burst, sink("end", SMALL)], EDGES);
  expect(ended.deadLetters.recent[0]!.reason).toBe(
    'node "expand" emitted more than 65536 packets in one call beyond the room downstream: return an iterator, it is pulled as room allows',
  );
  const { passed } = edge(ended, "expand -> end");
  expect(passed).toBe(counters(ended, "end").consumed);
});

test("a call that emits 1,000 packets into an inbox of 2 loses none and keeps the bound", async () => {
  const burst = node("expand", (one, emit) => {
    for (const made of many(one, 1_000)) emit.out!(made);
  });
  const end = sink("end", SMALL);
  const ended = await run([source("s", packets(2)), burst, end], EDGES);
  expect(end.ids).toHaveLength(2_000);
  expect(ended.nodes[2]!.inboxes[0]!.peak).toBe(2);
});

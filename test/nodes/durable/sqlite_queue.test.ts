import { expect, test } from "bun:test";
import * as v from "valibot";
import type { SourceInstance } from "../../../src/node/index.ts";
import { sqliteQueueAck } from "../../../src/nodes/durable/sqlite_queue_ack.ts";
import { sqliteQueueSink } from "../../../src/nodes/durable/sqlite_queue_sink.ts";
import { sqliteQueueSource } from "../../../src/nodes/durable/sqlite_queue_source.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { macrotask } from "../../support/engine.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { packet, runSource, startNode, testContext } from "../../support/node.ts";

const failed = { kind: "failed", error: new Error("400"), node: undefined, port: undefined } as const;

/** A folder with a queue `q`, and the nodes at it on one clock. */
function setup() {
  const folder = temporaryFolder();
  const context = testContext({ base: folder.path });
  return {
    context,
    async enqueue(...packets: StreamPacket[]) {
      const sink = startNode(sqliteQueueSink, { path: "q" }, context);
      await Promise.all(packets.map((one) => sink.process(one)));
      await sink.node.close?.();
      return sink.node.metrics!();
    },
    source(config: Record<string, unknown> = {}) {
      const parsed = v.parse(sqliteQueueSource.config, { path: "q", ...config });
      return sqliteQueueSource.create(parsed, context) as SourceInstance;
    },
    drain: (config: Record<string, unknown> = {}) =>
      runSource(sqliteQueueSource, { path: "q", ...config }, { context }),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** The queue's thread answers some turns later. */
async function until(condition: () => boolean) {
  for (let turn = 0; turn < 100_000 && !condition(); turn++) await macrotask();
  expect(condition()).toBe(true);
}

const numbered = (...ids: number[]) => ids.map((id) => packet({ packet_id: `p${id}`, payload: id }));

async function take(source: SourceInstance, count: number): Promise<StreamPacket[]> {
  const taken: StreamPacket[] = [];
  for await (const one of source.run(new AbortController().signal)) {
    taken.push(one as StreamPacket);
    if (taken.length === count) break;
  }
  return taken;
}

test("packets come out as they went in, in order, with the row they are", async () => {
  using given = setup();
  await given.enqueue(...numbered(1, 2));
  const { packets } = await given.drain();
  expect(packets).toMatchObject([
    {
      packet_id: "p1",
      payload: 1,
      meta: { durable: { queue: "sqlite", path: "q", seq: 1, attempt: 1, node_id: "node" } },
    },
    { packet_id: "p2", payload: 2 },
  ]);
});

test("calls of one turn share a transaction, and each hears its own result", async () => {
  using given = setup();
  const counts = await given.enqueue(...numbered(1, 2), packet({ packet_id: "p1" }), packet({ packet_id: "p3" }));
  expect(counts).toEqual({ enqueued_total: 3, duplicates_total: 1, queue_depth: 3 });
});

test("a packet that JSON cannot hold is refused alone", async () => {
  using given = setup();
  const sink = startNode(sqliteQueueSink, { path: "q", forward: true }, given.context);
  const good = sink.process(packet("good"));
  expect(sink.process(packet({ payload: { at: new Date(0) } }))).rejects.toThrow("payload.at as JSON: it is a Date");
  await good;
  expect(sink.on("out")).toMatchObject([{ source_id: "good", meta: { durable: { seq: 1 } } }]);
  await sink.node.close?.();
});

test("a row is gone once the graph is done with its packet, and one that failed comes again after its delay", async () => {
  using given = setup();
  await given.enqueue(...numbered(1, 2));
  const source = given.source({ follow: true });
  const [good, bad] = await take(source, 2);
  source.ack!(good!);
  source.nack!(bad!, "400", failed);
  given.context.clock.advance(5);
  await until(() => source.metrics!().queue_depth === 1);
  expect(source.metrics!()).toMatchObject({ acked_total: 1, nacked_total: 1, queue_depth: 1 });
  given.context.clock.advance(1_000);
  const [again] = await take(source, 1);
  expect(again).toMatchObject({ packet_id: "p2", meta: { durable: { attempt: 2 } } });
  await source.close?.();
});

test("a packet that fails every time is set aside after max_attempts and holds up no other", async () => {
  using given = setup();
  await given.enqueue(...numbered(1, 2));
  for (const _try of [1, 2]) {
    const source = given.source({ max_attempts: 2, limit: 1 });
    const [bad] = await take(source, 1);
    expect(bad).toMatchObject({ packet_id: "p1" });
    source.nack!(bad!, "400", failed);
    await source.close?.();
    given.context.clock.advance(5_000);
  }
  const { packets, source } = await given.drain({ limit: 1 });
  expect(packets).toMatchObject([{ packet_id: "p2" }]);
  expect(source.metrics!()).toMatchObject({ dead_letters: 1, queue_depth: 1 });
});

test("rows that were not handed on when the run ends are given back, their attempt not counted", async () => {
  using given = setup();
  await given.enqueue(...numbered(1, 2, 3));
  const source = given.source();
  await take(source, 1);
  await source.close?.();
  const { packets } = await given.drain();
  const attempts = packets.map(({ packet_id, meta }) => [packet_id, (meta.durable as { attempt: number }).attempt]);
  expect(attempts).toEqual([
    ["p1", 2],
    ["p2", 1],
    ["p3", 1],
  ]);
});

test("delete_on_emit removes a row as it is handed on, and those behind a stop stay", async () => {
  using given = setup();
  await given.enqueue(...numbered(1, 2, 3));
  const source = given.source({ delete_on_emit: true });
  await take(source, 2);
  expect(source.metrics!()).toMatchObject({ emitted_total: 2, queue_depth: 1 });
  await source.close?.();
});

test("a source that follows waits for rows and delivers those that come later", async () => {
  using given = setup();
  const source = given.source({ follow: true, poll_ms: 100 });
  const abort = new AbortController();
  const packets = (source.run(abort.signal) as AsyncIterable<StreamPacket>)[Symbol.asyncIterator]();
  const next = packets.next();
  await macrotask();
  await given.enqueue(...numbered(1));
  given.context.clock.advance(100);
  expect((await next).value).toMatchObject({ packet_id: "p1" });
  const last = packets.next();
  abort.abort();
  expect(await last).toMatchObject({ done: true });
  await source.close?.();
});

test("with acks: node the ack node removes the row, and a lease that ran out is lost to whoever has it", async () => {
  using given = setup();
  await given.enqueue(...numbered(1));
  const source = given.source({ acks: "node", lease_ms: 1_000, follow: true });
  expect(source.ack).toBeUndefined();
  const [late] = await take(source, 1);
  given.context.clock.advance(1_001);
  const [second] = await take(source, 1);
  const ack = startNode(sqliteQueueAck, { path: "q" }, given.context);
  await ack.process(late!);
  await ack.process(second!);
  expect(ack.node.metrics!()).toMatchObject({ ack_lost_total: 1, acked_total: 1, queue_depth: 0 });
  await ack.node.close?.();
  await source.close?.();
});

test("an ack refuses a packet of another queue", async () => {
  using given = setup();
  const ack = startNode(sqliteQueueAck, { path: "q" }, given.context);
  const stranger = packet({ meta: { durable: { path: "other", seq: 1 } } });
  expect(ack.process(stranger)).rejects.toThrow("it came from queue other, and this node acknowledges in q");
  await ack.node.close?.();
});

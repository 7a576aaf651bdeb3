import { expect, test } from "bun:test";
import { counters, node, packets, run, sink, source, type TestNode } from "../support/engine.ts";
import { packet } from "../support/node.ts";

function chain(length: number, make: (id: string) => TestNode) {
  const middle = Array.from({ length }, (_, at) => make(`n${at}`));
  const ids = ["s", ...middle.map((one) => one.id), "end"];
  return { middle, edges: ids.slice(1).map((id, at) => `${ids[at]} -> ${id}`) };
}

for (const fuse of [true, false]) {
  test(`a chain of 10,000 nodes runs (fuse: ${fuse})`, async () => {
    const { middle, edges } = chain(10_000, (id) => node(id));
    const end = sink("end");
    await run([source("s", packets(20)), ...middle, end], edges, { fuse });
    expect(end.ids).toEqual(packets(20).map((one) => one.packet_id));
  });
}

test("a chain of 10,000 async nodes runs", async () => {
  const { middle, edges } = chain(10_000, (id) =>
    node(id, async (one, emit) => {
      await undefined;
      emit.out!(one);
    }),
  );
  const end = sink("end");
  await run([source("s", packets(3)), ...middle, end], edges);
  expect(end.ids).toEqual(["p0", "p1", "p2"]);
});

test("a fan-out and fan-in of 1,000 runs through small inboxes", async () => {
  const branches = Array.from({ length: 1_000 }, (_, at) =>
    node(`b${at}`, undefined, { runtime: { inbox: { capacity: 1 } } }),
  );
  const edges = branches.flatMap(({ id }) => [`s -> ${id}`, `${id} -> end`]);
  const end = sink("end", { inbox: { capacity: 2 } });
  const ended = await run([source("s", packets(10)), ...branches, end], edges);
  expect(end.ids).toHaveLength(10_000);
  expect(ended.nodes.at(-1)!.inboxes[0]!.peak).toBeLessThanOrEqual(2);
});

test("1,000 sources share one sink in turn", async () => {
  const sources = Array.from({ length: 1_000 }, (_, at) => source(`s${at}`, packets(3, `${at}.`)));
  const end = sink("end", { inbox: { capacity: 4 } });
  await run(
    [...sources, end],
    sources.map(({ id }) => `${id} -> end`),
  );
  expect(end.ids).toEqual([0, 1, 2].flatMap((round) => sources.map((_, at) => `${at}.${round}`)));
});

test("memory does not grow with the number of packets, restarts, retries and async calls", async () => {
  const heap = async (count: number) => {
    let runs = 0;
    const flaky = source(
      "s",
      function* () {
        for (; runs < count; ) {
          runs += 1;
          yield packet({ packet_id: `p${runs}`, payload: new Array(50).fill(runs) });
          if (runs % 50 === 0) throw new Error("again");
        }
      },
      { runtime: { restart: { max_restarts: 1e9, backoff_ms: 1, backoff_max_ms: 1, window_sec: 1 } }, ack() {} },
    );
    let tries = 0;
    const work = node(
      "work",
      async (one, emit) => {
        if (++tries % 7 === 0) throw new Error("flaky");
        emit.out!(one);
      },
      { runtime: { on_error: "retry", concurrency: 4 } },
    );
    const end = node("end", () => {}, { kind: "sink", outputs: [] });
    const ended = await run([flaky, work, end], ["s -> work", "work -> end"]);
    expect(counters(ended, "end").consumed).toBe(count);
    expect(ended.host.clock.pending).toBe(0);
    Bun.gc(true);
    return process.memoryUsage().heapUsed;
  };
  await heap(1_000);
  const before = await heap(1_000);
  const after = await heap(20_000);
  // 19,000 more packets of over 400 bytes, were they kept, are 7.6 MB.
  expect(after - before).toBeLessThan(3_000_000);
});

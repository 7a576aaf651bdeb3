import { expect, test } from "bun:test";
import { sleep } from "../../src/base/clock.ts";
import { changesOf } from "../../src/graph/changes.ts";
import type { NodeContext, NodeDefinition } from "../../src/node/index.ts";
import { BUILT_IN } from "../../src/nodes/list.ts";
import type { CheckpointStore } from "../../src/store/index.ts";
import { DurableBox } from "../support/durable.ts";
import { macrotask, node, packets, sink, source, type TestHost, type TestNode, toEnd } from "../support/engine.ts";

/** Sends three packets, and goes on until it is stopped. */
const staying = () =>
  source("in", async function* (signal: AbortSignal) {
    yield* packets(3);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  });

/** Adds up payloads; `sums` is what it knew at each packet. The second version has another port, so it takes the place. */
function adding(sums: number[], isSecond = false): TestNode {
  let sum = 0;
  return {
    ...node("sum"),
    stateVersion: 1,
    outputs: isSecond ? ["out", "spare"] : ["out"],
    create: () => ({
      process(one, emit) {
        sum += one.payload as number;
        sums.push(sum);
        emit.out!(one);
      },
      snapshot: () => sum,
      restore(state) {
        sum = state as number;
      },
    }),
  };
}

async function batch(isSecond = false): Promise<TestNode> {
  const definition = (await BUILT_IN.get("batch")!()) as NodeDefinition;
  const config = { max_packets: isSecond ? 3 : 10, max_bytes: 1e6, max_held: 100, items: "payload", kind: "batch" };
  const outputs = isSecond ? ["out", "spare"] : ["out"];
  return { ...node("sum"), stateVersion: 1, outputs, create: (context) => definition.create(config, context) };
}

async function pass({ clock }: TestHost, ms: number) {
  for (let at = 0; at < ms; at += 10) {
    for (let turn = 0; turn < 5; turn++) await macrotask();
    clock.advance(10);
  }
}

const EDGES = ["in => sum", "sum -> out"];

/** Runs until the first packets are through, and asks for the second node in place of the first. */
async function reloading(
  box: DurableBox,
  [first, second]: readonly TestNode[],
  wrap?: (s: CheckpointStore) => CheckpointStore,
) {
  const [s, out] = [{ ...staying(), stateVersion: undefined } as unknown as TestNode, sink("out")];
  const run = await box.start([s, first!, out], EDGES, {}, wrap);
  await pass(run.host, 300);
  const next = box.plan([s, second!, out], EDGES);
  const { queues, letters } = run;
  const changes = changesOf(run.engine.plan, next);
  const asked = run.engine.reloads.reload(next, { changes, durable: { queues, letters }, deadlineMs: 500 });
  return { ...run, asked, out };
}

test("a reload of nodes with state does not wait for the disk: what rows did goes on in the new ones", async () => {
  using box = new DurableBox();
  const disk = Promise.withResolvers<void>();
  const slow = (store: CheckpointStore) =>
    new Proxy(store, {
      get(target, name: keyof CheckpointStore) {
        if (name === "commit")
          return (...given: Parameters<CheckpointStore["commit"]>) => disk.promise.then(() => target.commit(...given));
        const value = target[name];
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  const { engine, host, ended, asked, queues } = await reloading(box, [adding([]), adding([], true)], slow);
  const result = await Promise.race([asked, pass(host, 400).then(() => undefined)]);
  expect(result).toMatchObject({ outcome: "reloaded" });
  // No checkpoint has them, so they would come again.
  expect(queues.get(0)!.stats()).toMatchObject({ ready: 0, leased: 3 });
  disk.resolve();
  await pass(host, 2_000);
  expect(queues.get(0)!.stats()).toMatchObject({ ready: 0, leased: 0 });
  engine.stop("signal");
  await toEnd(ended, host);
});

test("a crash right behind a reload counts each row once", async () => {
  using box = new DurableBox();
  const { engine, host, ended, asked } = await reloading(box, [adding([]), adding([], true)]);
  expect(await toEnd(asked, host)).toMatchObject({ outcome: "reloaded" });
  using after = box.afterCrash();
  const sums: number[] = [];
  const [later, out] = [
    source(
      "in",
      packets(1, "q").map((one) => ({ ...one, payload: 100 })),
    ),
    sink("out"),
  ];
  await after.run([later, adding(sums, true), out], EDGES);
  expect(sums.at(-1)).toBe(0 + 1 + 2 + 100);
  engine.stop("signal");
  await toEnd(ended, host);
});

test("a node that holds packets of a durable edge is replaced at once, and the new one has them", async () => {
  using box = new DurableBox();
  const { engine, host, ended, asked, out, queues } = await reloading(box, [await batch(), await batch(true)]);
  expect(await toEnd(asked, host)).toMatchObject({ outcome: "reloaded" });
  await pass(host, 1_500);
  expect(queues.get(0)!.stats()).toMatchObject({ ready: 0, leased: 0 });
  engine.stop("signal");
  await toEnd(ended, host);
  // A stop keeps them for the next run.
  using after = box.afterCrash();
  const last = sink("out");
  await after.run([source("in", []), await batch(true), last], EDGES);
  expect([...out.got, ...last.got].map(({ payload }) => (payload as { items: unknown[] }).items)).toEqual([[0, 1, 2]]);
});

test("rows in a checkpoint are not counted again by a start with a node put in before their durable edge, whose file is named", async () => {
  let crashed: DurableBox | undefined;
  using box = new DurableBox({ path: "rows.sqlite3" });
  const told = (store: CheckpointStore) => {
    const commit: CheckpointStore["commit"] = async (checkpoint) => {
      const bytes = await store.commit(checkpoint);
      // Its rows are acknowledged in their own file after this.
      crashed ??= box.afterCrash();
      return bytes;
    };
    return new Proxy(store, {
      get(target, name: keyof CheckpointStore) {
        const value = name === "commit" ? commit : target[name];
        return typeof value === "function" && name !== "commit" ? value.bind(target) : value;
      },
    });
  };
  const first = await box.start([staying(), adding([]), sink("out")], EDGES, {}, told);
  await pass(first.host, 12_000);
  using after = crashed!;
  const sums: number[] = [];
  const later = packets(1, "q").map((one) => ({ ...one, payload: 100 }));
  const edges = ["new => sum", "in -> new", "sum -> out"];
  await after.run([source("in", later), node("new"), adding(sums), sink("out")], edges);
  expect(sums.at(-1)).toBe(0 + 1 + 2 + 100);
  first.engine.stop("signal");
  await toEnd(first.ended, first.host);
});

test("a reload that needs a checkpoint waits for what is under way in its region, and not for as long as a pause only", async () => {
  using box = new DurableBox();
  const slow = node("slow", (one, emit) => sleep(run.host.clock, 200).then(() => void emit.out!(one)));
  const [s, out] = [staying(), sink("out")];
  const edges = ["in => sum", "sum -> slow", "slow -> out"];
  const run = await box.start([s, adding([]), slow, out], edges);
  await pass(run.host, 100);
  const next = box.plan([s, { ...adding([], true), stateVersion: 2 }, slow, out], edges);
  const { queues, letters, engine } = run;
  const changes = changesOf(engine.plan, next);
  const asked = engine.reloads.reload(next, {
    changes,
    dropState: true,
    durable: { queues, letters },
    deadlineMs: 2_000,
  });
  expect(await toEnd(asked, run.host)).toMatchObject({ outcome: "reloaded" });
  engine.stop("signal");
  await toEnd(run.ended, run.host);
});

test("a reload that needs a checkpoint takes another try when a node was woken while it waited for the disk", async () => {
  using box = new DurableBox();
  box.checkpoint = { interval_ms: 10 };
  const keeps: TestNode = {
    ...node("keeps"),
    create: ({ wakeAfter }: NodeContext) => ({
      process: () => wakeAfter(300),
      wake: (emit) => emit.out!(packets(1, "woken")[0]!),
    }),
  };
  const slow = node("slow", (one, emit) => sleep(run.host.clock, 200).then(() => void emit.out!(one)));
  const [s, out] = [staying(), sink("out")];
  const edges = ["in => sum", "sum -> keeps", "keeps -> slow", "slow -> out"];
  const disk = (store: CheckpointStore) =>
    new Proxy(store, {
      get(target, name: keyof CheckpointStore) {
        const value = target[name];
        if (typeof value !== "function") return value;
        if (name !== "commit") return value.bind(target);
        return (...given: Parameters<CheckpointStore["commit"]>) =>
          sleep(run.host.clock, 400).then(() => target.commit(...given));
      },
    });
  const run = await box.start([s, adding([]), keeps, slow, out], edges, {}, disk);
  await pass(run.host, 100);
  const next = box.plan([s, { ...adding([], true), stateVersion: 2 }, keeps, slow, out], edges);
  const { queues, letters, engine } = run;
  const changes = changesOf(engine.plan, next);
  const asked = engine.reloads.reload(next, { changes, dropState: true, durable: { queues, letters } });
  expect(await toEnd(asked, run.host)).toMatchObject({ outcome: "reloaded" });
  expect(out.ids).toEqual(["woken0"]);
  engine.stop("signal");
  await toEnd(run.ended, run.host);
});

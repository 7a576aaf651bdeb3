import { describe, expect, spyOn, test } from "bun:test";
import { floats, OnnxGraph } from "../../scripts/models/onnx_writer.ts";
import type { Model, TensorData } from "../../src/node/index.ts";
import { virtualClock } from "../support/clock.ts";
import { inference, RGB_INPUT, squares, YOLOV8 } from "../support/inference.ts";
import { blobModel, identityModel } from "../support/onnx_models.ts";
import { matrix, squareModel } from "./matrix.ts";

const MODELS = { identity: identityModel(), blobs: blobModel({ size: 96, box: 16 }), square: squareModel() };

const image = (value: number, rows = 1): Record<string, TensorData> => ({
  x: { type: "float32", dims: [rows, 1, 1, 2], data: new Float32Array(rows * 2).fill(value) },
});
/** Some three seconds of work for one worker. */
const LONG = 2_500;

const first = (outputs: ReadonlyMap<string, TensorData>) => Number([...outputs.values()][0]!.data[0]);
const failure = (promise: Promise<unknown>) => promise.then(() => "no failure", String);

/** The workers that are started while `use` runs. */
async function withWorkers(use: (workers: Worker[]) => Promise<void>) {
  const started: Worker[] = [];
  const Real = globalThis.Worker;
  const spy = spyOn(globalThis, "Worker").mockImplementation(((...args: ConstructorParameters<typeof Worker>) => {
    const worker = new Real(...args);
    started.push(worker);
    return worker;
  }) as never);
  try {
    await use(started);
  } finally {
    spy.mockRestore();
  }
}

describe("nodes that open the same model", () => {
  test("share its workers, as many as there are nodes and cores", async () => {
    await using host = inference({ models: MODELS, cores: 2 });
    const open = () => host.open("identity");
    const models = [await open(), await open(), await open()];
    expect(await Promise.all(models.map((model, i) => model.run(image(i)).then(first)))).toEqual([0, 1, 2]);
    expect(models[0]!.metrics()).toMatchObject({
      inference_workers: 2,
      inference_requests_total: 1,
      inference_ms_count: 3,
    });
    await models[0]!.release();
    await models[1]!.release();
    expect(first(await models[2]!.run(image(7)))).toBe(7);
    expect(models[2]!.metrics()).toMatchObject({ inference_workers: 1 });
  });

  test("with other options have workers of their own", async () => {
    await using host = inference({ models: MODELS });
    const [one, two] = [await host.open("identity"), await host.open("identity", { queue: 2 })];
    await one.run(image(1));
    expect([one.metrics().inference_ms_count, two.metrics().inference_ms_count]).toEqual([1, 0]);
  });

  test("take turns: the requests of a node that asks rarely do not wait behind those of one that asks much", async () => {
    await using host = inference({ models: MODELS, cores: 1 });
    const [busy, quiet] = [await host.open("square"), await host.open("square")];
    const order: string[] = [];
    const ask = (model: Model, name: string) => model.run(matrix(200)).then(() => order.push(name));
    await Promise.all([...Array.from({ length: 8 }, () => ask(busy, "busy")), ask(quiet, "quiet")]);
    expect(order.indexOf("quiet")).toBeLessThanOrEqual(2);
  });
});

test("the last one to release a model ends its workers, and what waits there is refused", async () => {
  await withWorkers(async (workers) => {
    await using host = inference({ models: MODELS });
    const [one, two] = [await host.open("square"), await host.open("square")];
    await one.release();
    const waiting = failure(two.run(matrix(300)));
    const closed = Promise.all(workers.map((each) => new Promise((done) => each.addEventListener("close", done))));
    await two.release();
    expect(await waiting).toMatch(/cannot run model square: the model was released/);
    await closed;
    expect(await failure(two.run(matrix(1)))).toMatch(/cannot run model square: it was released/);
    // Not the ended one: opened again, it works.
    expect(first(await (await host.open("square")).run(matrix(2)))).toBe(2);
  });
});

describe("batches", () => {
  test("hold requests of all nodes that wait, and each gets its own rows", async () => {
    await using host = inference({ models: MODELS, cores: 1 });
    const options = { batch: 4 };
    const [one, two] = [await host.open("identity", options), await host.open("identity", options)];
    const answers = Array.from({ length: 9 }, async (_, i) => {
      const outputs = await (i % 2 === 0 ? one : two).run(image(i, 1 + (i % 3)));
      return [...outputs.values()][0]!;
    });
    for (const [i, { dims, data }] of (await Promise.all(answers)).entries()) {
      expect(dims).toEqual([1 + (i % 3), 1, 1, 2]);
      expect([...(data as Float32Array)]).toEqual(Array(2 * (1 + (i % 3))).fill(i));
    }
    // The first alone, as nothing else waited yet; then four and four.
    expect(one.metrics()).toMatchObject({ inference_batches_total: 3, inference_batched_total: 9 });
  });

  test("of frames find in each what one alone finds", async () => {
    await using host = inference({ models: MODELS, cores: 1 });
    const frames = [8, 24, 40, 56].map((at) => squares(96, 96, [[at, 80 - at, 16, [255, 0, 0]]]));
    const found = async (batch: number) => {
      const model = await host.open("blobs", { batch });
      const boxes = await Promise.all(frames.map((frame) => model.detect(frame, RGB_INPUT, YOLOV8)));
      return { boxes, batches: model.metrics().inference_batches_total };
    };
    const [alone, together] = [await found(1), await found(3)];
    expect(alone.boxes.map((boxes) => boxes.map(({ x1, y1 }) => [x1, y1]))).toEqual([
      [[8, 72]],
      [[24, 56]],
      [[40, 40]],
      [[56, 24]],
    ]);
    expect(together.boxes).toEqual(alone.boxes);
    expect([alone.batches, together.batches]).toEqual([4, 2]);
  });

  test("of tensors of different sizes are made of those that fit", async () => {
    await using host = inference({ models: MODELS, cores: 1 });
    const model = await host.open("identity", { batch: 8 });
    const wide = { x: { type: "float32" as const, dims: [1, 1, 1, 3], data: Float32Array.of(5, 5, 5) } };
    const outputs = await Promise.all([model.run(image(1)), model.run(image(2)), model.run(wide), model.run(image(3))]);
    expect(outputs.map(first)).toEqual([1, 2, 5, 3]);
    // The first as nothing else waited, the second as the third does not fit with it.
    expect(model.metrics()).toMatchObject({ inference_batches_total: 4, inference_batched_total: 4 });
  });
});

test("a request over the bound of a node's queue is refused, and the others are answered", async () => {
  await using host = inference({ models: MODELS, cores: 1 });
  const model = await host.open("square", { queue: 2 });
  const asked = [1, 2, 3, 4].map((size) => model.run(matrix(size)).then(first, String));
  const [one, two, three, four] = await Promise.all(asked);
  expect([one, two, three]).toEqual([1, 2, 3]);
  expect(four).toMatch(/cannot run model square: 2 requests wait already, which is its queue/);
  expect(model.metrics()).toMatchObject({ inference_refused_total: 1, inference_queue: 0 });
});

describe("a worker that is lost", () => {
  test("is replaced: its own request fails, those that wait are answered", async () => {
    await withWorkers(async (workers) => {
      await using host = inference({ models: MODELS, cores: 1 });
      const model = await host.open("square");
      const [own, waiting] = [failure(model.run(matrix(1_000))), model.run(matrix(3))];
      workers[0]!.terminate();
      expect(await own).toMatch(/cannot run model square: the worker of the model was lost: it ended/);
      expect(first(await waiting)).toBe(3);
      expect(workers).toHaveLength(2);
      expect(model.metrics()).toMatchObject({ inference_worker_restarts_total: 1, inference_failed_total: 1 });
      expect(host.lines.filter(({ level }) => level === "warn").map(({ message }) => message)).toEqual([
        "a worker of a model was lost and is replaced",
      ]);
    });
  });

  test("again and again is replaced ever later, and meanwhile requests fail at once", async () => {
    const clock = virtualClock();
    await withWorkers(async (workers) => {
      await using host = inference({ models: MODELS, cores: 1, clock });
      const model = await host.open("square");
      const lose = async (at: number) => {
        const request = failure(model.run(matrix(1_000)));
        workers[at]!.terminate();
        return request;
      };
      await lose(0);
      expect(await lose(1)).toMatch(/lost: it ended/);
      expect(await failure(model.run(matrix(2)))).toMatch(/it has no worker, and the next is tried in 1 s/);
      clock.advance(1_000);
      expect(first(await model.run(matrix(2)))).toBe(2);
      expect(workers).toHaveLength(3);
    });
  });

  test("because it hangs is given up after 30 s, and another answers", async () => {
    const clock = virtualClock();
    await using host = inference({ models: MODELS, cores: 1, clock });
    const model = await host.open("square");
    const hanging = failure(model.run(matrix(LONG)));
    const waiting = model.run(matrix(3));
    clock.advance(29_999);
    expect(model.metrics().inference_worker_restarts_total).toBe(0);
    clock.advance(1);
    expect(await hanging).toMatch(/cannot run model square: the worker of the model was lost: no answer within 30 s/);
    expect(first(await waiting)).toBe(3);
  }, 30_000);
});

test("the event loop turns while a model computes", async () => {
  await using host = inference({ models: MODELS, cores: 1 });
  const model = await host.open("square");
  let [turns, done] = [0, false];
  const request = model.run(matrix(1_000)).then(() => {
    done = true;
  });
  while (!done) {
    await new Promise((resolve) => setImmediate(resolve));
    turns += 1;
  }
  await request;
  // Some 200 ms; blocked, the loop would turn twice.
  expect(turns).toBeGreaterThan(100);
});

test("a batch in which one request fails answers the others", async () => {
  const graph = new OnnxGraph();
  // Row indices: a number that is none of the table's three is an error of the whole call.
  graph.add("Gather", [graph.constant(floats([10, 20, 30])), "x"], {}, "y");
  const model = graph.write({
    name: "table",
    inputs: [{ name: "x", type: "int64", dims: ["batch"] }],
    outputs: [{ name: "y", type: "float32", dims: ["batch"] }],
  });
  await using host = inference({ models: { model }, cores: 1 });
  const table = await host.open("model", { batch: 4 });
  const ask = (index: number) =>
    table.run({ x: { type: "int64", dims: [1], data: BigInt64Array.of(BigInt(index)) } }).then(first, () => "failed");
  expect(await Promise.all([0, 1, 9, 2].map(ask))).toEqual([10, 20, "failed", 30]);
});

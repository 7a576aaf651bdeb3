import { describe, expect, test } from "bun:test";
import { OnnxGraph, type TensorType } from "../../scripts/models/onnx_writer.ts";
import { chunk } from "../../src/inference/protobuf_writer.ts";
import { rewriteSilu } from "../../src/inference/silu.ts";
import { onnxSession } from "../support/onnx_session.ts";

/** From minus to plus `span`, and what is no number that one can reckon with. */
const VALUES = 4_096;
const values = (span: number) =>
  Float32Array.from({ length: VALUES }, (_, at) => ((at - VALUES / 2) / (VALUES / 2)) * span);

function model(build: (graph: OnnxGraph) => void, type: TensorType = "float32") {
  const graph = new OnnxGraph();
  build(graph);
  const port = (name: string) => ({ name, type, dims: [VALUES] });
  return graph.write({ name: "silu", inputs: [port("x")], outputs: [port("y")] });
}

const silu = (graph: OnnxGraph) => graph.add("Mul", ["x", graph.add("Sigmoid", ["x"])], {}, "y");
const operators = (bytes: Uint8Array) =>
  ["Sigmoid", "Tanh"].filter((name) => Buffer.from(bytes).includes(name, 0, "latin1"));

describe("SiLU by way of tanh", () => {
  test("is the same function, to within rounding", async () => {
    const written = model(silu);
    expect(operators(rewriteSilu(written)!)).toEqual(["Tanh"]);
    await using session = await onnxSession(written);
    for (const span of [0.01, 1, 8, 30, 1e6]) {
      const from = values(span);
      const { data } = (await session.run(from, [VALUES])).y!;
      const off = from.map((x, at) => Math.abs(data[at]! - x / (1 + Math.exp(-x))) / Math.max(1, Math.abs(x)));
      expect(Math.max(...off)).toBeLessThan(3e-7);
    }
  });

  test("leaves NaN NaN and takes the infinite as sigmoid does", async () => {
    await using session = await onnxSession(model(silu));
    const from = values(1);
    from.set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    const { data } = (await session.run(from, [VALUES])).y!;
    expect([...data.subarray(0, 3)]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, Number.NaN]);
  });

  test("finds it in either order, behind other operators, and more than once", () => {
    const twice = model((graph) => {
      const first = graph.add("Mul", [graph.add("Sigmoid", [graph.add("Neg", ["x"], {}, "n")]), "n"]);
      graph.add("Mul", [first, graph.add("Sigmoid", [first])], {}, "y");
    });
    expect(operators(rewriteSilu(twice)!)).toEqual(["Tanh"]);
  });

  test("leaves a sigmoid that is used otherwise as it is", () => {
    const gate = model(
      (graph) => void graph.add("Mul", ["x", graph.add("Sigmoid", [graph.add("Neg", ["x"])])], {}, "y"),
    );
    const shared = model((graph) => {
      const s = graph.add("Sigmoid", ["x"]);
      graph.add("Add", [graph.add("Mul", ["x", s]), s], {}, "y");
    });
    const alone = model((graph) => void graph.add("Sigmoid", ["x"], {}, "y"));
    for (const bytes of [gate, shared, alone]) expect(rewriteSilu(bytes)).toBeUndefined();
  });

  test("leaves models with floats of another width as they are", () => {
    expect(rewriteSilu(model(silu, "float16"))).toBeUndefined();
    const before = (add: (graph: OnnxGraph) => void) =>
      rewriteSilu(
        model((graph) => {
          add(graph);
          silu(graph);
        }),
      );
    expect(before(() => {})).toBeDefined();
    expect(before((graph) => graph.add("Cast", ["x"], { to: 10 }))).toBeUndefined();
    expect(
      before((graph) => graph.constant({ type: "float16", dims: [1], data: new Float16Array([1]) })),
    ).toBeUndefined();
  });

  test("leaves a model with graphs within its graph as it is: they may use what stands outside", () => {
    const node = (type: string, inputs: string[], output: string, attribute: Uint8Array[] = []) =>
      chunk(1, [...inputs.map((name) => chunk(1, name)), chunk(2, output), chunk(4, type), ...attribute]);
    const pair = [node("Sigmoid", ["x"], "s"), node("Mul", ["x", "s"], "y")];
    const branch = node("If", ["c"], "z", [chunk(5, [chunk(1, "then_branch"), chunk(6, pair)])]);
    expect(rewriteSilu(chunk(7, pair))).toBeDefined();
    expect(rewriteSilu(chunk(7, [...pair, branch]))).toBeUndefined();
  });
});

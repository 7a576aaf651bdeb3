import { type Constant, floats, type OnnxGraph } from "./onnx_writer.ts";
import { transposed, type WeightEntry } from "./tfjs_weights.ts";

/** One node of a TensorFlow.js graph model. */
export interface TfNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, TfAttribute>>;
}

interface TfAttribute {
  /** Base64. */
  readonly s?: string;
  readonly list?: { readonly i?: readonly (string | number)[]; readonly s?: readonly string[] };
}

/** The file `model.json` of a graph model. */
export interface TfModel {
  readonly modelTopology: { readonly node: readonly TfNode[] };
  readonly weightsManifest: readonly { readonly weights: readonly WeightEntry[] }[];
}

/** Height and width of every picture are free, so a value carries only how often it was halved. */
interface Value {
  readonly name: string;
  readonly stride: number;
}

export interface Conversion {
  readonly nodes: ReadonlyMap<string, TfNode>;
  readonly weights: ReadonlyMap<string, Constant>;
  readonly graph: OnnxGraph;
  /** Height and width for which the graph was frozen. */
  readonly size: number;
  readonly done: Map<string, Value>;
}

/**
 * Adds node `name` of a TensorFlow.js graph, and what it needs, to an ONNX graph; gives the name of its output.
 *
 * TensorFlow lays pictures out as NHWC, ONNX as NCHW. Every value here is a picture, so filters are transposed once
 * and axes renamed; nothing is transposed at run time. Operators that would need more are not in the table.
 */
export function convert(conversion: Conversion, name: string): string {
  return converted(conversion, name).name;
}

function converted(conversion: Conversion, name: string): Value {
  const known = conversion.done.get(name);
  if (known !== undefined) return known;
  const node = conversion.nodes.get(name);
  if (node === undefined) throw new Error(`cannot convert node ${name}: the graph has none of that name`);
  const write = OPERATORS[node.op];
  if (write === undefined) throw new Error(`cannot convert node ${name}: operator ${node.op} is not in the table`);
  const value = write(conversion, node);
  conversion.done.set(name, value);
  return value;
}

type Operator = (conversion: Conversion, node: TfNode) => Value;

const operand = (conversion: Conversion, { name, input = [] }: TfNode, at: number): Value => {
  if (input[at] === undefined) throw new Error(`cannot convert node ${name}: input ${at} is missing`);
  return converted(conversion, input[at]);
};

const constant = ({ weights }: Conversion, { name, input = [] }: TfNode, at: number): Constant => {
  const found = weights.get(input[at] ?? "");
  if (found === undefined) throw new Error(`cannot convert node ${name}: input ${at} is no constant`);
  return found;
};

/** Halves stay halves in the file, which so is half as long; the session widens them once, when it is made. */
function weight({ graph }: Conversion, value: Constant, name: string): string {
  if (value.type !== "float16") return graph.constant(value, name);
  return graph.add("Cast", [graph.constant(value, `${name}/half`)], { to: 1 }, name);
}

const simple =
  (op: string): Operator =>
  (conversion, node) => {
    const { name, stride } = operand(conversion, node, 0);
    return { name: conversion.graph.add(op, [name], {}, node.name), stride };
  };

/** Broadcasts as TensorFlow does for two pictures, and for a picture and a scalar. */
const binary =
  (op: string): Operator =>
  (conversion, node) => {
    const values = [0, 1].map((at) => operand(conversion, node, at));
    const names = values.map(({ name }) => name);
    const stride = Math.min(...values.map((value) => value.stride));
    return { name: conversion.graph.add(op, names, {}, node.name), stride };
  };

const text = (base64: string) => atob(base64);

/** `order` turns TensorFlow's filters into ONNX's; a depthwise one has a group for every channel. */
const convolution =
  (order: readonly number[], depthwise: boolean): Operator =>
  (conversion, node) => {
    const { graph } = conversion;
    const input = operand(conversion, node, 0);
    const filters = transposed(constant(conversion, node, 1), order);
    const [, step = 1] = (node.attr?.strides?.list?.i ?? []).map(Number);
    const [bias, activation] = (node.attr?.fused_ops?.list?.s ?? []).map(text);
    const names = [input.name, weight(conversion, filters, `${node.name}/filters`)];
    if (bias === "BiasAdd") names.push(weight(conversion, constant(conversion, node, 2), `${node.name}/bias`));
    const attributes = {
      ...(depthwise ? { group: filters.dims[0]! } : {}),
      strides: [step, step],
      auto_pad: text(node.attr?.padding?.s ?? "") === "VALID" ? "VALID" : "SAME_UPPER",
    };
    const raw = graph.add("Conv", names, attributes, activation === undefined ? node.name : `${node.name}/raw`);
    const value = activation === undefined ? raw : graph.add(activation, [raw], {}, node.name);
    return { name: value, stride: input.stride * step };
  };

/** What the graphs we convert are made of; Const is the one that is not a picture. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  Const: (conversion, node) => {
    const value = conversion.weights.get(node.name);
    if (value === undefined) throw new Error(`cannot convert node ${node.name}: its weights are missing`);
    return { name: weight(conversion, value, node.name), stride: Infinity };
  },
  Placeholder: ({ graph }, node) => ({ name: graph.add("Identity", ["images"], {}, node.name), stride: 1 }),
  Identity: simple("Identity"),
  Relu: simple("Relu"),
  Sigmoid: simple("Sigmoid"),
  Relu6: (conversion, node) => {
    const { name, stride } = operand(conversion, node, 0);
    const [low, high] = [0, 6].map((bound) => conversion.graph.constant(floats([bound], [])));
    return { name: conversion.graph.add("Clip", [name, low!, high!], {}, node.name), stride };
  },
  Add: binary("Add"),
  Mul: binary("Mul"),
  Conv2D: convolution([3, 2, 0, 1], false),
  _FusedConv2D: convolution([3, 2, 0, 1], false),
  DepthwiseConv2dNative: convolution([2, 3, 0, 1], true),
  FusedDepthwiseConv2dNative: convolution([2, 3, 0, 1], true),
  /** Over height and width, as `squeeze and excite` takes it. */
  Mean: (conversion, node) => {
    const { name } = operand(conversion, node, 0);
    return { name: conversion.graph.add("GlobalAveragePool", [name], {}, node.name), stride: Infinity };
  },
  ConcatV2: (conversion, node) => {
    const values = (node.input ?? []).slice(0, -1).map((_, at) => operand(conversion, node, at));
    const names = values.map((value) => value.name);
    return { name: conversion.graph.add("Concat", names, { axis: 1 }, node.name), stride: values[0]!.stride };
  },
  ResizeBilinear: (conversion, node) => {
    const { graph, size } = conversion;
    const { name, stride } = operand(conversion, node, 0);
    const target = size / Number(constant(conversion, node, 1).data[0]);
    const scale = stride / target;
    const scales = graph.constant(floats([1, 1, scale, scale]));
    // Without half pixel centres, which is what the graphs say, TensorFlow maps corner to corner.
    const attributes = { mode: "linear", coordinate_transformation_mode: "asymmetric" };
    return { name: graph.add("Resize", [name, "", scales], attributes, node.name), stride: target };
  },
};

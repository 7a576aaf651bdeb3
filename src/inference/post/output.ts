import type { BoxOutput, TensorData } from "../../node/index.ts";

/** An output of a model for one picture: its batch dimension is taken off. */
export interface Output {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Exclude<TensorData["data"], BigInt64Array>;
}

export interface ModelSize {
  readonly width: number;
  readonly height: number;
}

/** Takes outputs of a batch of one, and checks that what they hold are numbers. */
export function outputsOf(tensors: ReadonlyMap<string, TensorData>): Output[] {
  return Array.from(tensors, ([name, { dims, data }]) => {
    const numbers = data instanceof BigInt64Array ? Float64Array.from(data, Number) : data;
    checkNumbers(numbers, name);
    return { name, dims: dims[0] === 1 ? dims.slice(1) : dims, data: numbers };
  });
}

/** A sum is no number as soon as one of its terms is none, and costs a fraction of looking at each. */
function checkNumbers(data: Output["data"], name: string) {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = data.length - (data.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += data[i]!;
    b += data[i + 1]!;
    c += data[i + 2]!;
    d += data[i + 3]!;
  }
  for (let i = whole; i < data.length; i++) a += data[i]!;
  if (Number.isFinite(a + b + c + d)) return;
  throw new Error(
    `output "${name}" holds values that are no numbers (NaN or infinite): the weights may be damaged, or the input's ` +
      "scale, mean and std are not those the model was trained with",
  );
}

/** More class numbers than any model has. */
const MAX_CLASSES = 65_536;

/** As many classes as the largest number among `ids` says; boxes of larger ones are not taken. */
export function classCount(ids: Output["data"]): number {
  let most = 0;
  for (let i = 0; i < ids.length; i++) most = Math.max(most, Math.round(ids[i]!));
  return Math.min(MAX_CLASSES, most + 1);
}

/** The confidence from which each class counts; Infinity for classes that are not asked for. */
export function thresholds({ confidence, class_confidence, classes }: BoxOutput, count: number): Float64Array {
  const wanted = new Set(classes);
  return Float64Array.from({ length: count }, (_, id) =>
    wanted.size > 0 && !wanted.has(id) ? Number.POSITIVE_INFINITY : (class_confidence[id] ?? confidence),
  );
}

/** The output whose name matches, else an Error that lists what there is. */
export function named(outputs: readonly Output[], pattern: RegExp, family: string, what: string): Output {
  const found = outputs.find(({ name }) => pattern.test(name));
  return found ?? unexpected(outputs, family, `an output for ${what} (its name matches ${pattern})`);
}

export function unexpected(outputs: readonly Output[], family: string, wanted: string): never {
  const got = outputs.map(({ name, dims }) => `${name} [${dims.join(",")}]`).join(", ");
  throw new Error(`the outputs are not those of family ${family}: wanted ${wanted}, got ${got || "none"}`);
}

import type { TensorData } from "../node/index.ts";

type Feeds = Readonly<Record<string, TensorData>>;
type Results = ReadonlyMap<string, TensorData>;

/** The same inputs of several requests as one, row after row along the first dimension. */
export function joined(feeds: readonly Feeds[]): Feeds {
  const [first] = feeds;
  if (feeds.length === 1) return first!;
  const names = Object.keys(first!);
  return Object.fromEntries(names.map((name) => [name, stacked(feeds.map((each) => each[name]!))]));
}

function stacked(parts: readonly TensorData[]): TensorData {
  const { type, data, dims } = parts[0]!;
  const length = parts.reduce((sum, part) => sum + part.data.length, 0);
  const all = new (data.constructor as Float32ArrayConstructor)(length);
  let at = 0;
  for (const part of parts) {
    all.set(part.data as Float32Array, at);
    at += part.data.length;
  }
  const rows = parts.reduce((sum, part) => sum + part.dims[0]!, 0);
  return { type, data: all, dims: [rows, ...dims.slice(1)] };
}

/** Gives each request its rows. Throws when an output has another number of rows than the requests. */
export function split(results: Results, rows: readonly number[]): Results[] {
  const total = rows.reduce((sum, each) => sum + each, 0);
  const parts: Map<string, TensorData>[] = rows.map(() => new Map());
  for (const [name, { type, dims, data }] of results) {
    if (dims[0] !== total) {
      throw new Error(`output "${name}" has ${dims[0]} rows for ${total} of the input: open the model with batch 1`);
    }
    const row = data.length / total;
    let start = 0;
    rows.forEach((count, i) => {
      const part = data.slice(start * row, (start + count) * row);
      parts[i]!.set(name, { type, dims: [count, ...dims.slice(1)], data: part });
      start += count;
    });
  }
  return parts;
}

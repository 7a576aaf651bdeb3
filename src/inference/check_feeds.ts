import type { ModelPort, TensorData } from "../node/index.ts";
import { portText } from "./frame_plan.ts";

type Feeds = Readonly<Record<string, TensorData>>;

/** Throws an Error that says what the model takes when these tensors are not that. */
export function checkFeeds(inputs: readonly ModelPort[], feeds: Feeds) {
  const names = inputs.map(({ name }) => name);
  const unknown = Object.keys(feeds).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`has no input "${unknown}": ${known(inputs)}`);
  for (const port of inputs) checkFeed(port, feeds[port.name], inputs);
}

function checkFeed(port: ModelPort, feed: TensorData | undefined, inputs: readonly ModelPort[]) {
  if (feed === undefined) throw new Error(`misses its input "${port.name}": ${known(inputs)}`);
  const length = feed.dims.reduce((product, size) => product * size, 1);
  const shape = `${feed.type} [${feed.dims.join(",")}]`;
  if (feed.data.length !== length) {
    throw new Error(`got ${feed.data.length} values for "${port.name}", and ${shape} has ${length}`);
  }
  const fits = port.dims.length === feed.dims.length && port.dims.every((size, i) => size < 0 || size === feed.dims[i]);
  if (port.type !== feed.type || !fits) throw new Error(`takes ${portText(port)}, got ${shape}`);
}

const known = (inputs: readonly ModelPort[]) => `it takes ${inputs.map(portText).join(", ")}`;

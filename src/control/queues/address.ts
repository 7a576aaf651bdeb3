import { didYouMean } from "../../base/suggest.ts";
import { ControlError } from "../verb.ts";

/** An input of a node, where a dead letter is delivered. */
export interface Address {
  node: string;
  port: string;
}

/**
 * Refuses letters of inputs that the graph does not have, before any is touched. With `to` all of them go there, which
 * must be an input: `node`, or `node.port` where it has several.
 */
export function checkAddresses(
  letters: ReadonlyMap<string, number>,
  to: string | undefined,
  inputs: ReadonlyMap<string, readonly string[]> | undefined,
): Address | undefined {
  if (to !== undefined) return addressOf(to, inputs);
  if (inputs === undefined) return undefined;
  const known = new Set([...inputs].flatMap(([node, ports]) => ports.map((port) => `${node}.${port}`)));
  const gone = [...letters].filter(([address]) => !known.has(address));
  if (gone.length === 0) return undefined;
  const total = gone.reduce((sum, [, count]) => sum + count, 0);
  const where = gone.map(([address, count]) => `${address} (${count})`).join(", ");
  throw new ControlError(
    "QUEUE_NODE_GONE",
    `cannot replay ${total} dead letter${total === 1 ? "" : "s"}, as the graph has no such input any more: ${where}; send them elsewhere with --to NODE, or choose others with --node`,
  );
}

function addressOf(to: string, inputs: ReadonlyMap<string, readonly string[]> | undefined): Address {
  const dot = to.lastIndexOf(".");
  const exact = inputs?.has(to) || dot === -1;
  const [node, port] = exact ? [to, undefined] : [to.slice(0, dot), to.slice(dot + 1)];
  if (inputs === undefined) return { node, port: port ?? "in" };
  const ports = inputs.get(node) ?? [];
  if (port === undefined && ports.length === 1) return { node, port: ports[0]! };
  if (port !== undefined && ports.includes(port)) return { node, port };
  const all = [...inputs].flatMap(([name, own]) => own.map((input) => (own.length === 1 ? name : `${name}.${input}`)));
  const near = didYouMean(to, all);
  const hint = near === undefined ? `it has ${all.join(", ") || "none"}` : `did you mean ${near}?`;
  throw new ControlError("QUEUE_NODE_GONE", `cannot replay to ${to}: the graph has no such input; ${hint}`);
}

import type { NodeDefinition, Ports } from "../node/index.ts";
import type { ReadInterceptor } from "./read_interceptor.ts";

/** Why a node cannot stand between two others; undefined when it can. */
export function misfit(
  { side, plugin }: ReadInterceptor,
  id: string,
  definition: NodeDefinition,
  inputs: Ports,
  outputs: Ports,
): { message: string; hint: string } | undefined {
  const fact = factOf(definition, inputs, outputs);
  if (fact === undefined) return undefined;
  const where = side === "ingress" ? "behind a source" : "before a sink";
  return {
    message: `Cannot put "${id}" (${plugin}) ${where} as an interceptor has one input and an output: this node ${fact}`,
    hint: "an interceptor is a node such as filter, redact or rate_limit; lead an edge to any other",
  };
}

function factOf({ kind }: NodeDefinition, inputs: Ports, outputs: Ports): string | undefined {
  const names = Object.keys(inputs);
  if (kind === "source") return "is a source";
  if (names.length !== 1) return `has the inputs ${names.join(", ")}`;
  return Object.keys(outputs).length === 0 ? "has no output" : undefined;
}

import * as v from "valibot";
import type { NodeDefinition, NodeInstance } from "../../../src/node/index.ts";
import { node, type TestNode } from "../../support/engine.ts";

/** A built-in node in a graph of the engine's tests. */
export function built(id: string, definition: NodeDefinition, config: Record<string, unknown>): TestNode {
  const parsed = v.parse(definition.config, config);
  const create: TestNode["create"] = (context) => definition.create(parsed, context) as NodeInstance;
  return { ...node(id), outputs: Object.keys(definition.outputs(parsed)), create };
}

import type { GraphPlan, PlanNode } from "../graph/index.ts";
import type { NodeContext, NodeInstance, SourceInstance } from "../node/index.ts";

/** Makes another instance for a node of the plan, or the one it has: `create` makes that. */
export type Replace = (
  node: PlanNode,
  context: NodeContext,
  create: (context: NodeContext) => NodeInstance | SourceInstance,
) => NodeInstance | SourceInstance;

/** The plan with instances that somebody else makes. Everything else of it stays: ports, order, bounds. */
export function replaced(plan: GraphPlan, replace: Replace): GraphPlan {
  const nodes = plan.nodes.map((node): PlanNode => {
    const { definition } = node;
    const create = (config: unknown, context: NodeContext) =>
      replace(node, context, (given) => definition.create(config, given));
    return { ...node, definition: { ...definition, create } };
  });
  return { ...plan, nodes };
}

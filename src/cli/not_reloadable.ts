import { linkName } from "../engine/index.ts";
import type { GraphPlan } from "../graph/index.ts";
import type { RunState } from "./run_state.ts";

interface Fixed {
  readonly before: GraphPlan;
  readonly state: RunState | undefined;
  /** `--http`: the graph's own address is not asked for. */
  readonly servesElsewhere: boolean;
}

/** Why a plan needs a new start: what a run has from its beginning or never. */
export function notReloadable(plan: GraphPlan, fixed: Fixed): { reason: string; hint: string } | undefined {
  const reason = missing(plan, fixed.state) ?? otherAddress(plan, fixed);
  return reason === undefined ? undefined : { reason, hint: "stop it, and start it again with this graph" };
}

function missing(plan: GraphPlan, state: RunState | undefined): string | undefined {
  const { edges, nodes, checkpoint, cells } = plan;
  if (state === undefined) {
    const without = "and the run began without a state directory";
    const durable = edges.find((edge) => edge.durable !== undefined);
    if (durable !== undefined) return `edge ${linkName(plan, durable)} is durable, ${without}`;
    if (checkpoint) return `it keeps checkpoints, ${without}`;
    const kept = cells?.find(({ persist }) => persist);
    if (kept !== undefined) return `cell ${kept.name} of the blackboard is kept, ${without}`;
    const keeping = nodes.find(({ definition, config }) => definition.keepsState?.(config));
    if (keeping !== undefined) return `node "${keeping.id}" keeps files, ${without}`;
  }
  const spilled = edges.find(({ payloadRefOver }) => payloadRefOver !== undefined);
  if (spilled === undefined || state?.blobs !== undefined) return undefined;
  return `edge ${linkName(plan, spilled)} has payload_ref, and the run began without a store for it`;
}

function otherAddress({ http }: GraphPlan, { before, servesElsewhere }: Fixed): string | undefined {
  if (servesElsewhere || http?.listen === before.http?.listen) return undefined;
  return `http.listen is another one (${http?.listen ?? "none"} instead of ${before.http?.listen ?? "none"})`;
}

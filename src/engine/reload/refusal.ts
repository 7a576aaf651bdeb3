import { droppedStates, type GraphChanges } from "../../graph/changes.ts";
import type { GraphPlan } from "../../graph/plan.ts";
import type { Link } from "../durable/link.ts";
import type { ReloadOptions } from "./reloads.ts";

export interface Refusal {
  readonly reason: string;
  readonly hint: string;
}

/** Why a reload is not even tried: it would lose something, or it is another graph. */
export function refusalOf(
  before: GraphPlan,
  after: GraphPlan,
  links: Iterable<Link>,
  { changes, dropState = false, orphan = false }: ReloadOptions,
): Refusal | undefined {
  const fixed = changes.settings.find((key) => key === "name" || key === "baseDir" || key === "compat");
  if (fixed !== undefined) {
    const reason = `${fixed === "baseDir" ? "its folder" : fixed} is another one (${after[fixed]} instead of ${before[fixed]})`;
    return { reason, hint: "a run stays the run of one graph: stop it, and start the other" };
  }
  const reopened = changes.queues.find(({ keys }) => keys !== undefined);
  if (reopened !== undefined) {
    const reason = `the options of durable edge ${reopened.queue} change (${reopened.keys!.join(", ")})`;
    return { reason, hint: "a queue that is open keeps those it was opened with: stop the run, and start it again" };
  }
  return (orphan ? undefined : orphaned(changes, links)) ?? (dropState ? undefined : dropped(changes)) ?? kept(changes);
}

function orphaned({ queues }: GraphChanges, links: Iterable<Link>): Refusal | undefined {
  for (const { name, queue } of links) {
    if (!queues.some((one) => one.queue === name && one.what === "orphaned")) continue;
    const { ready, leased } = queue.stats();
    if (ready + leased === 0) continue;
    const reason = `${ready + leased} packets in durable edge ${name} would be left on the disk, and nobody would read them`;
    const hint = `keep them with durable: { path: <the file of ${name}> } on the edge that takes its place, wait until it is empty, or leave them with --orphan`;
    return { reason, hint };
  }
  return undefined;
}

function dropped(changes: GraphChanges): Refusal | undefined {
  const [[first], [cell]] = [droppedStates(changes), changes.cells];
  if (first === undefined && cell === undefined) return undefined;
  if (first === undefined) {
    const reason = `the value of cell ${cell!.cell} would be dropped: ${cell!.why}`;
    return { reason, hint: "a cell keeps its value under the same name and type; to drop it, say --drop-state" };
  }
  const why = "why" in first && first.why !== undefined ? first.why : "it is no part of the graph any more";
  const reason = `the state of node "${first.node}" would be dropped: ${why}`;
  return { reason, hint: "a node keeps its state under the same id; to drop it, say --drop-state" };
}

/** What cannot be handed on from one node to another. */
function kept({ nodes }: GraphChanges): Refusal | undefined {
  for (const change of nodes) {
    if (!("takes" in change)) continue;
    const never = change.takes?.find((one) => one.never);
    if (never === undefined) continue;
    const reason = `node "${change.node}" would take ${never.what} over from node "${never.from}", which has read on in it`;
    return { reason, hint: "stop the run, and start it again with this graph" };
  }
  return undefined;
}

import type { GraphChanges } from "../../graph/changes.ts";
import type { Region } from "../checkpoint/region.ts";
import type { RunPlan } from "../durable/expand.ts";
import { NodeRun } from "../node_run.ts";
import type { Producer } from "../producer.ts";
import { type Affected, keyOf } from "./affected.ts";
import type { Made } from "./fresh.ts";

export interface Going {
  readonly region: Region;
  readonly affected: Affected;
  readonly changes: GraphChanges;
  readonly before: RunPlan;
  readonly after: RunPlan;
  /** By key; new nodes and those that take the place of others. */
  readonly fresh: ReadonlyMap<string, Made>;
}

/** Leaving nodes of a region whose state goes on in others, with all that they keep. */
export function handedOver({ region, affected, changes, fresh }: Going): Set<Producer> {
  const carried = new Set(
    changes.nodes.filter((one) => one.what === "replaced" && one.state === "carried").map(({ node }) => node),
  );
  // One that takes over a port or a file is not there yet.
  const goesOn = (one: Made) => carried.has(one.id) && fresh.get(one.id)?.instance?.restore !== undefined;
  return new Set(affected.leaving.filter((one) => region.stateful.includes(one) && goesOn(one)));
}

/**
 * True when the new graph can go on without a checkpoint on the disk: each row that is done and in no checkpoint yet is
 * in a state that goes on, and each durable edge leads to such a state as before. Then the next checkpoint has all of
 * it, and a crash before that begins at the last one, as at any other moment. So the sources do not wait for the disk.
 */
export function goesOn(going: Going): boolean {
  const { region, affected, changes } = going;
  const handed = handedOver(going);
  const stays = ({ what, was, keys }: GraphChanges["queues"][number]) =>
    what === "new" || (what === "kept" && was === undefined && keys === undefined);
  if (changes.settings.length > 0 || !changes.queues.every(stays)) return false;
  if (affected.leaving.some((one) => !(one instanceof NodeRun))) return false;
  if (affected.leaving.some((one) => region.stateful.includes(one) && !handed.has(one))) return false;
  return leadsOn(going);
}

/** Each outlet of the region still leads to a state of it. */
function leadsOn({ region: { stateful, sources }, before, after }: Going): boolean {
  const keys = new Set(stateful.map(({ index }) => keyOf(before, index)));
  const into = Map.groupBy(after.edges, ({ to }) => to);
  const seen = new Set(after.nodes.filter(({ index }) => keys.has(keyOf(after, index))).map(({ index }) => index));
  // What is added is looked at as well.
  for (const to of seen) for (const { from } of into.get(to) ?? []) seen.add(from);
  const leading = new Set([...seen].map((index) => keyOf(after, index)));
  return sources.every(({ index }) => leading.has(keyOf(before, index)));
}

import { didYouMean } from "../base/suggest.ts";
import { type Catalogue, filesIn, type Resolution } from "../node/index.ts";
import { type WrittenDelivery, withDelivery } from "./delivery.ts";
import type { DraftNode } from "./draft.ts";
import { type ConfigContext, checkConfig } from "./node_config.ts";
import type { ReadNode } from "./read_node.ts";
import { childOf, isBroken, pathText, placeOf, spotAt } from "./tree.ts";

/** What all nodes of a graph share while they are looked up and checked. */
export interface DraftContext extends ConfigContext {
  catalogue: Catalogue;
  /** The graph's, for every node whose effects leave the process. */
  delivery: WrittenDelivery | undefined;
}

/** Looks up what a node names and checks its config against it; faults are reported. */
export function draftNode(node: ReadNode, index: number, context: DraftContext): DraftNode {
  const { id, plugin, kind, path, runtimeKeys, inboxKeys, tree, scope, folder } = node;
  const resolution = context.catalogue.resolve(plugin);
  const at: DraftNode["at"] = (inner, what) => placeOf(spotAt(tree, inner, what));
  const runtime = withDelivery(node.runtime, context.delivery, resolution.found ? resolution.definition : undefined);
  const idKey = tree.entries.has("id") ? "id" : "node_id";
  const own = { index, id, plugin, kind, path, place: at([idKey]), at, runtime, runtimeKeys, inboxKeys };
  const base = { ...own, ...(scope === undefined ? {} : { scope }), ...(folder ? { folder } : {}) };
  if (!resolution.found) {
    if (!isBroken(childOf(tree, "plugin")!)) tellUnresolved(node, resolution, context);
    const unknown = { definition: undefined, config: undefined, inputs: undefined, outputs: undefined };
    return { ...base, ...unknown, legacy: false, origin: "built_in" };
  }
  const { definition, origin, legacy } = resolution;
  const checked = checkConfig(node, resolution, { ...context, ...filesOf(context, folder) });
  return { ...base, definition, legacy: legacy !== undefined, origin, ...checked };
}

function tellUnresolved(
  node: ReadNode,
  { code, message, hint }: Extract<Resolution, { found: false }>,
  { catalogue, findings }: DraftContext,
) {
  const near = code === "UNKNOWN_PLUGIN" ? didYouMean(node.plugin, catalogue.names()) : undefined;
  const way = hint ?? (near === undefined ? undefined : `did you mean "${near}"?`);
  findings.add({
    code,
    severity: "error",
    message,
    place: placeOf(spotAt(node.tree, ["plugin"])),
    path: pathText([...node.base, "plugin"]),
    ...(way === undefined ? {} : { hint: way }),
  });
}

/** Nodes of a file that is brought in look for theirs in its folder. */
const filesOf = ({ files }: ConfigContext, folder: string | undefined) =>
  files && folder ? { files: filesIn(files, folder) } : {};

import { type GraphChanges, isUnchanged, type NodeChange, type QueueChange } from "../graph/index.ts";
import { columns } from "./columns.ts";
import { counted } from "./counted.ts";

/** Packets that wait in a durable edge of the graph before; undefined where nothing is known of it. */
export type Waiting = ReadonlyMap<string, number>;

/** The difference of two graphs for a person: one line for each node, durable edge and edge that changes. */
export function changesText(changes: GraphChanges, waiting: Waiting): string {
  if (isUnchanged(changes)) return "nothing changes\n";
  const kept = changes.nodes.filter(({ what }) => what === "kept").length;
  const rows = [
    ...changes.nodes.filter(({ what }) => what !== "kept").map((one) => ["node", one.node, one.what, nodeText(one)]),
    ...changes.queues.map((one) => ["queue", one.queue, one.what, queueText(one, waiting)]),
    ...changes.edges.added.map((edge) => ["edge", edge, "added", ""]),
    ...changes.edges.removed.map((edge) => ["edge", edge, "removed", ""]),
    ...changes.cells.map(({ cell, why }) => ["cell", cell, "dropped", why]),
    ...changes.settings.map((key) => ["graph", key, "changed", SETTLED.has(key) ? "takes a new start" : ""]),
  ];
  const rest = kept === 0 ? "" : `${counted(kept, "node")} kept as ${kept === 1 ? "it is" : "they are"}\n`;
  return `${columns(rows)}${rest}`;
}

/** What a run keeps from its start; `http` unless `--http` says where it is served. */
const SETTLED = new Set<string>(["name", "baseDir", "compat", "http"]);

function nodeText(change: NodeChange): string {
  if (change.what === "reconfigured") return `in place: ${change.keys.map((key) => `runtime.${key}`).join(", ")}`;
  if (change.what === "removed") return change.state === "dropped" ? "its state is dropped" : "";
  if (change.what === "added") return takesText(change.takes);
  if (change.what !== "replaced") return "";
  const state = { none: "", carried: "; its state is carried over", dropped: `; its state is dropped: ${change.why}` };
  const takes = takesText(change.takes);
  return `${change.because.join("; ")}${state[change.state]}${takes === "" ? "" : `; ${takes}`}`;
}

const takesText = (takes: readonly { what: string; never?: true }[] = []) =>
  takes
    .map(({ what, never }) =>
      never ? `takes a new start: ${what} cannot be handed on` : `takes over ${what}, which is closed for a moment`,
    )
    .join("; ");

const MEANT: Record<QueueChange["what"], string> = {
  kept: "",
  new: "",
  drained: "delivered before the change",
  orphaned: "nobody reads it any more",
};

function queueText({ queue, what, was, keys }: QueueChange, waiting: Waiting): string {
  const rows = waiting.get(was ?? queue);
  const parts = [
    rows === undefined ? "" : `${counted(rows, "packet")} waiting`,
    MEANT[what],
    was === undefined ? "" : `it was ${was}`,
    keys === undefined ? "" : `takes a new start: ${keys.join(", ")}`,
  ];
  return parts.filter((part) => part !== "").join("; ");
}

import { linkName } from "../engine/index.ts";
import { changesOf, droppedStates, type GraphChanges, type GraphPlan } from "../graph/index.ts";
import { inspectQueueFile } from "../store/index.ts";
import { changesText, type Waiting } from "./changes_text.ts";
import { defineCommand, flag } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { readOneGraph } from "./graph_files.ts";
import { GRAPH_FLAGS, GraphChecker, type GraphSettings, graphSettings } from "./graph_settings.ts";
import { printFindings } from "./run_plan.ts";
import { queueFileOf, stateDirOf } from "./state_dir.ts";
import type { Terminal } from "./terminal.ts";

export const command = defineCommand({
  doc: "Says what schnitzel reload would do, and what a new start with NEW would: per node kept, reconfigured in place, replaced (its state carried over or dropped, and why), added or removed; per durable edge whether what waits is kept, drained (delivered before the change) or orphaned (left on the disk). Where the graph keeps state on this machine, packets that wait are counted. Nothing is changed.",
  args: [
    { name: "OLD", doc: "Graph file, as it runs." },
    { name: "NEW", doc: "Graph file, as it is to run." },
  ],
  flags: {
    ...GRAPH_FLAGS,
    "state-dir": flag.text("DIR", "Where the graph keeps its state, as run was told."),
    check: flag.toggle("End with code 5 when state or packets that wait would be lost."),
    json: flag.toggle("Print the changes as JSON."),
  },
  examples: [
    ["schnitzel plan yard.yaml yard.new.yaml", "Before a reload."],
    ["schnitzel plan main.yaml change.yaml --check", "In CI: fails when a change drops state or a backlog."],
  ],
  exits: {
    [EXIT.invalid]: "A graph has an error, or usage.",
    [EXIT.loses]: "With --check: state or packets that wait would be lost.",
  },
  async run({ args, flags, terminal }) {
    const settings = graphSettings(flags, terminal);
    const [before, after] = [await planOf(args[0]!, settings, terminal), await planOf(args[1]!, settings, terminal)];
    if (before === undefined || after === undefined) return EXIT.invalid;
    const dir = stateDirOf(before.name, flags["state-dir"], terminal);
    const changes = changesOf(before, after, { fileOf: (plan, edge) => queueFileOf(dir, plan, edge) });
    const waiting = waitingIn(before, dir);
    const losses = lossesOf(changes, waiting);
    if (flags.json) {
      const queues = changes.queues.map((one) => ({ ...one, waiting: waiting.get(one.was ?? one.queue) ?? null }));
      terminal.out(`${JSON.stringify({ schema_version: 1, ...changes, queues, losses }, null, 2)}\n`);
    } else {
      terminal.out(changesText(changes, waiting));
      for (const loss of losses) terminal.out(`lost: ${loss}\n`);
    }
    return flags.check && losses.length > 0 ? EXIT.loses : EXIT.ok;
  },
});

async function planOf(file: string, settings: GraphSettings, terminal: Terminal): Promise<GraphPlan | undefined> {
  const { source, diagnostics } = await readOneGraph(file, settings.maxBytes, terminal);
  if (source === undefined) {
    printFindings(diagnostics ?? [], {}, terminal);
    return undefined;
  }
  const checked = await new GraphChecker(settings, terminal).check(source);
  if (checked.plan === undefined) printFindings(checked.diagnostics, checked.texts, terminal);
  return checked.plan;
}

/** Rows on this machine; a file that a run has open tells nothing, and then nothing is said. */
function waitingIn(plan: GraphPlan, dir: ReturnType<typeof stateDirOf>): Waiting {
  const rows = new Map<string, number>();
  for (const edge of plan.edges) {
    if (edge.durable === undefined) continue;
    const found = inspectQueueFile(queueFileOf(dir, plan, edge));
    if (found.state === "ok" && found.rows !== undefined) rows.set(linkName(plan, edge), found.rows);
  }
  return rows;
}

/** An orphaned edge of which nothing is known is a loss: a check that does not know must not say yes. */
function lossesOf(changes: GraphChanges, waiting: Waiting): string[] {
  const states = droppedStates(changes).map(({ node }) => `the state of node ${node}`);
  const orphans = changes.queues.filter(({ queue, what }) => what === "orphaned" && waiting.get(queue) !== 0);
  const cells = changes.cells.map(({ cell }) => `the value of cell ${cell}`);
  return [...states, ...cells, ...orphans.map(({ queue }) => `what waits in ${queue}`)];
}

import { systemClock } from "../base/clock.ts";
import { BUILT_IN } from "../nodes/list.ts";
import type { DoneRows, KeptState } from "../store/index.ts";
import { columns } from "./columns.ts";
import { defineCommand } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { LOOK_FLAGS, printJson } from "./queue_command.ts";
import { ageText } from "./queue_ls.ts";
import { shown } from "./shown_state.ts";
import { type Kept, onState, STATE_EXITS, STATE_GRAPH, shortName } from "./state_target.ts";

/** Of a position on a line; show has it whole. */
const POSITION_CHARS = 80;

export const command = defineCommand({
  doc: "VERSION is that of the node's state, BYTES what it takes in the file, CHANGED when it was last written: what has not changed is not written again. POSITION is how far a source has come.",
  args: [{ ...STATE_GRAPH, doc: `${STATE_GRAPH.doc} May be left out where one graph keeps state.`, optional: true }],
  flags: LOOK_FLAGS,
  examples: [
    ["schnitzel state ls yard.yaml", "What the nodes of a graph keep."],
    ["schnitzel state ls yard --state-dir /data --json", "By the graph's name, for a script."],
    ["schnitzel state ls --state-dir /data", "Of the one graph that keeps state there."],
  ],
  exits: STATE_EXITS,
  run: (given) =>
    onState(given, async (kept) => {
      const { terminal, flags } = given;
      const sources = await sourcesAmong(kept);
      if (flags.json) printJson(terminal, asJson(kept, sources));
      else if (kept.checkpoint === undefined) terminal.err(`${kept.name} keeps no state\n`);
      else terminal.out(asText(kept, sources));
      for (const { fault, ...state } of kept.checkpoint?.states ?? []) {
        if (fault !== undefined) terminal.err(`${shortName(state)}: ${faultText(state, fault)}\n`);
      }
      return EXIT.ok;
    }),
});

const faultText = ({ state }: Pick<KeptState, "state">, fault: string) =>
  `its newest state is damaged (${fault}); ${state === undefined ? "none can be read, and it begins without" : "the one before it is used"}`;

/** Names of the built-in sources that have a state here; what a plugin's source keeps is its own affair. */
async function sourcesAmong({ checkpoint }: Kept): Promise<ReadonlySet<string>> {
  const kinds = [...new Set(checkpoint?.states.map(({ kind }) => kind))];
  const loaded = await Promise.all(kinds.flatMap((kind) => BUILT_IN.get(kind)?.() ?? []));
  return new Set(loaded.filter(({ kind }) => kind === "source").map(({ name }) => name));
}

const positionOf = ({ kind, state }: KeptState, sources: ReadonlySet<string>): unknown =>
  sources.has(kind) && state !== undefined ? shown(state) : undefined;

const ageSec = (atMs: number) => Math.max(0, systemClock.nowMs() - atMs) / 1_000;

function asText({ name, checkpoint }: Kept, sources: ReadonlySet<string>): string {
  const { seq, takenMs, states, done } = checkpoint!;
  const head = `${name}: checkpoint ${seq} of ${new Date(takenMs).toISOString()}, ${ageText(ageSec(takenMs))} old\n`;
  const rows = states.map((state) => [
    ...[shortName(state), state.kind, String(state.version), String(state.bytes), ageText(ageSec(state.takenMs))],
    positionText(positionOf(state, sources)),
  ]);
  const table = states.length === 0 ? "no node has a state\n" : columns([HEAD, ...rows]);
  return head + table + done.map(doneText).join("");
}

const HEAD = ["NODE", "KIND", "VERSION", "BYTES", "CHANGED", "POSITION"];

function positionText(position: unknown): string {
  // What tells one file from another is no place in it.
  const isPlace = ([, value]: [string, unknown]) => !(typeof value === "string" && / bytes$/.test(value));
  const places = isMap(position) ? Object.fromEntries(Object.entries(position).filter(isPlace)) : position;
  const text = position === undefined ? "-" : JSON.stringify(places);
  return text.length > POSITION_CHARS ? `${text.slice(0, POSITION_CHARS)}…` : text;
}

const isMap = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);

const doneText = ({ queue, runs }: DoneRows) =>
  `${queue}: rows ${runs.map(({ from, to }) => (from === to ? from : `${from}-${to}`)).join(", ")} are in these states, and do not come again\n`;

function asJson({ name, checkpoint }: Kept, sources: ReadonlySet<string>) {
  if (checkpoint === undefined) return { graph: name, checkpoint: null, states: [] };
  const { seq, takenMs, states, done } = checkpoint;
  return {
    graph: name,
    checkpoint: { seq, taken_at: new Date(takenMs).toISOString(), age_sec: ageSec(takenMs) },
    states: states.map((state) => ({
      ...{ node: shortName(state), kind: state.kind, version: state.version, bytes: state.bytes },
      ...{ changed_at: new Date(state.takenMs).toISOString(), position: positionOf(state, sources) ?? null },
      fault: state.fault ?? null,
    })),
    done: done.map(({ queue, runs }) => ({ queue, rows: runs })),
  };
}

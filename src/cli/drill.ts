import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { systemClock } from "../base/clock.ts";
import { entropySeed } from "../base/random.ts";
import {
  CannotDrill,
  DEFAULT_LOAD,
  DEFAULTS,
  type DrillOptions,
  type DrillResult,
  drill,
  drillHtml,
  drillText,
  FAULTS,
  failuresIn,
  INSIDE,
  isSkipped,
  type Target,
  thisMachine,
} from "../drill/index.ts";
import { columns } from "./columns.ts";
import { defineCommand, type FlagValues, flag, UsageError } from "./command/index.ts";
import { drillTarget } from "./drill_target.ts";
import { EXIT } from "./exit.ts";
import { GRAPH_FLAGS } from "./graph_settings.ts";
import type { Terminal } from "./terminal.ts";
import { buildFacts } from "./version.ts";

const NAMES = FAULTS.map(({ name }) => name);

const FLAGS = {
  demo: flag.toggle("Drill the built-in graph: HTTP in, a durable edge, HTTP out."),
  ...GRAPH_FLAGS,
  faults: flag.text("LIST", `Faults with commas between, of ${NAMES.join(", ")}; all unless given.`),
  kills: flag.integer("N", `Times of kill -9; ${DEFAULTS.kills} unless given.`, 1),
  cuts: flag.integer("N", `Power cuts; ${DEFAULTS.cuts} unless given.`, 1),
  packets: flag.integer("N", `Acknowledged packets per fault, at least; ${DEFAULTS.packets} unless given.`, 1),
  seconds: flag.integer("S", `Longest time of one fault; ${DEFAULTS.seconds} unless given.`, 1),
  seed: flag.integer("N", "Seed of the instants at which faults happen."),
  keep: flag.text("DIR", "Leave logs and state directories there."),
  json: flag.toggle("Print the result as JSON."),
  html: flag.text("FILE", "Write a report of one page, with plots."),
};

export const command = defineCommand({
  doc: "Runs the graph in a process of its own, posts numbered packets to its http_source, takes what its http_sink delivers, and breaks things meanwhile. What was acknowledged and what was delivered is recorded by this process, which suffers no fault. The graph must have one http_source and one http_sink; the drill sets their addresses, and its state is made new and thrown away. A fault that cannot be injected on this machine is named as skipped; as root on Linux with strace and libfaketime all can.",
  args: [{ name: "GRAPH", doc: "Graph file.", optional: true }],
  flags: FLAGS,
  examples: [
    ["schnitzel drill --demo", "Does what schnitzel promises hold on this machine?"],
    ["schnitzel drill yard.yaml --faults kill,power_cut --html drill.html", "Does it for this graph?"],
  ],
  exits: {
    [EXIT.ok]: "Nothing acknowledged was lost, delivered changed or out of order.",
    [EXIT.failure]: "Something was; or the graph did not deliver at all.",
    [EXIT.invalid]: "Usage, or a graph that cannot be drilled.",
  },
  async run({ args: [file], flags, terminal }) {
    // A graph under drill that starts a drill would do so without end.
    if (terminal.env[INSIDE] !== undefined)
      throw new UsageError(`${INSIDE} is set: a drill does not start another one`);
    if (flags.demo === (file !== undefined)) throw new UsageError("needs a graph file or --demo, and not both");
    expectWritable(flags.html, terminal);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "schnitzel-drilled-"));
    try {
      const target = await drillTarget(file, folder, flags, terminal);
      return target === undefined ? EXIT.invalid : await drilled(target, flags, terminal);
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  },
});

async function drilled(target: Target, flags: FlagValues<typeof FLAGS>, terminal: Terminal): Promise<number> {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    const options = drillOptions(target, flags, terminal, stopping.signal);
    const result = await drill(options);
    tell(result, flags, terminal);
    return failuresIn(result).length === 0 && !stopping.signal.aborted ? EXIT.ok : EXIT.failure;
  } catch (error) {
    if (error instanceof CannotDrill) throw new UsageError(error.message);
    throw error;
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}

/** A drill takes minutes: what would fail at its end is found before it begins. A report that is there stays as it is. */
function expectWritable(html: string | undefined, { cwd }: Terminal) {
  if (html === undefined) return;
  const file = path.resolve(cwd, html);
  const isNew = !fs.existsSync(file);
  try {
    fs.closeSync(fs.openSync(file, "a"));
    if (isNew) fs.rmSync(file);
  } catch (error) {
    throw new UsageError(
      `cannot write --html ${html}: ${(error as Error).message}`,
      "name a file in a folder that is there",
    );
  }
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

function drillOptions(
  target: Target,
  flags: FlagValues<typeof FLAGS>,
  terminal: Terminal,
  signal: AbortSignal,
): DrillOptions {
  return {
    target,
    faults: chosen(flags.faults),
    kills: flags.kills ?? DEFAULTS.kills,
    cuts: flags.cuts ?? DEFAULTS.cuts,
    packets: flags.packets ?? DEFAULTS.packets,
    seconds: flags.seconds ?? DEFAULTS.seconds,
    settleMs: DEFAULTS.settleMs,
    seed: flags.seed ?? entropySeed() % 0x1_0000_0000,
    keep: flags.keep === undefined ? undefined : path.resolve(terminal.cwd, flags.keep),
    load: DEFAULT_LOAD,
    program: thisProgram(),
    env: terminal.env,
    cwd: terminal.cwd,
    machine: thisMachine(terminal.env),
    clock: systemClock,
    signal,
    progress: (text) => terminal.err(`drill: ${text}\n`),
  };
}

/** This executable: a compiled binary alone, else bun with our entry. */
const thisProgram = () =>
  Bun.isStandaloneExecutable ? [process.execPath] : [process.execPath, path.join(import.meta.dirname, "../main.ts")];

function chosen(list: string | undefined) {
  if (list === undefined) return FAULTS;
  const names = list.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !NAMES.includes(name));
  if (unknown === undefined) return FAULTS.filter(({ name }) => names.includes(name));
  throw new UsageError(`--faults must name ${NAMES.join(", ")}: current value has "${unknown}"`);
}

function tell(result: DrillResult, { json, html }: FlagValues<typeof FLAGS>, terminal: Terminal) {
  const failures = failuresIn(result);
  const ok = failures.length === 0;
  if (html !== undefined) {
    const machine = `${process.platform}-${process.arch}, ${os.cpus().length} CPUs`;
    const command = `schnitzel drill ${result.graph} --seed ${result.seed}`;
    const page = drillHtml(result, { version: buildFacts().version, machine, command });
    fs.writeFileSync(path.resolve(terminal.cwd, html), page);
  }
  const skipped = result.faults.filter(isSkipped).map(({ fault }) => fault);
  terminal.out(
    json
      ? `${JSON.stringify({ schema_version: 1, ok, failures, skipped, ...result }, null, 2)}\n`
      : drillText(result, columns),
  );
}

import * as fs from "node:fs";
import * as path from "node:path";
import { formatDiagnostics, type GraphSource, type ReadResult } from "../graph/index.ts";
import { LOG_FORMATS, LOG_LEVELS, type LogLevelName } from "../observe/index.ts";
import { refuseBunOptions } from "./bun_options.ts";
import { defineCommand, flag, UsageError } from "./command/index.ts";
import demo from "./demo.yaml" with { type: "text" };
import { EXIT } from "./exit.ts";
import { readOneGraph } from "./graph_files.ts";
import { GRAPH_FLAGS, GraphChecker, type GraphSettings, graphSettings } from "./graph_settings.ts";
import { RECORD_FLAGS, recordSettings } from "./record_flags.ts";
import { printFindings, runPlan } from "./run_plan.ts";
import type { ReloadSettings } from "./run_settings.ts";
import type { Terminal } from "./terminal.ts";

const LEVELS = Object.keys(LOG_LEVELS) as LogLevelName[];

export const command = defineCommand({
  doc: "Checks the graph and runs it to the end of its input, until a limit, or until SIGINT or SIGTERM, which finish what is in flight; a second signal ends at once. Without a graph the built-in demo runs. Stdout belongs to the graph's data; logs and the summary go to stderr.",
  args: [{ name: "GRAPH", doc: "Graph file; - is standard input.", optional: true }],
  flags: {
    ...GRAPH_FLAGS,
    "max-packets": flag.integer("N", "Stop after the sources have sent N packets together."),
    "max-seconds": flag.amount("S", "Stop after S seconds."),
    "drain-seconds": flag.amount("S", "Time to finish what is in flight after a stop; 10 unless given."),
    "stall-seconds": flag.amount(
      "S",
      "End with code 1 when one call of a node holds the run this long; 60 unless given, 0 only warns.",
    ),
    seed: flag.integer("N", "Seed of everything random, such as ids; the report names the one that was used."),
    "report-json": flag.toggle("Print the run report as the last line of stdout."),
    report: flag.text("FILE", "Write the run report to a file."),
    "dead-letters": flag.text("FILE", "Append every packet that is set aside as a JSON line."),
    http: flag.text(
      "HOST:PORT",
      "Serve /healthz, /readyz, /metrics, /report and POST /reload, such as 127.0.0.1:7077.",
    ),
    "http-token": flag.text("FILE", "File with the token that HTTP clients must send."),
    "http-insecure": flag.toggle("Let other machines reach the HTTP server without a token."),
    "state-dir": flag.text(
      "DIR",
      "Where durable edges and dead letters are kept, in a folder named after the graph; schnitzel doctor shows the default.",
    ),
    "fresh-state": flag.toggle("Begin without the state that nodes had at the end of the run before; queues stay."),
    "dangerously-allow-network-disk": flag.toggle("Keep queues on a disk of another machine, where they can be lost."),
    ...RECORD_FLAGS,
    watch: flag.toggle("Reload the graph whenever one of its files changes: the graph, its parts, plugins, models."),
    "log-level": flag.choice(LEVELS, "Least level that is logged; info unless given."),
    "log-format": flag.choice(LOG_FORMATS, "Text for people, json for machines."),
    "fail-degraded": flag.toggle("End with code 4 when packets were set aside."),
  },
  examples: [
    ["schnitzel run", "The built-in demo."],
    ["schnitzel run graphs/weather_alarm.yaml --report-json", "A graph, and what became of its packets."],
    ["schnitzel run yard.yaml --record bug.rec", "For schnitzel replay: the same packets at the same times."],
    ["schnitzel run yard.yaml --set vars.rate=5 --http 127.0.0.1:7077", "One value changed, metrics served."],
  ],
  exits: {
    [EXIT.ok]: "The run ended, also by a signal after a clean drain.",
    [EXIT.failure]: "The run failed; the report says why.",
    [EXIT.invalid]: "The graph has an error, or usage.",
    [EXIT.precondition]:
      "Something outside the graph is missing, such as a free port for --http or http_source, or a state directory that can be used.",
    [EXIT.degraded]: "With --fail-degraded: packets were set aside.",
    [EXIT.owned]: "A queue or the state directory belongs to another process, which the message names.",
  },
  async run({ args, flags, terminal }) {
    const refusal = refuseBunOptions(terminal.env);
    if (refusal !== undefined) {
      terminal.err(`schnitzel run ${refusal}\n`);
      return EXIT.precondition;
    }
    const settings = graphSettings(flags, terminal);
    const record = recordSettings(flags, terminal);
    const read = await readSource(args[0], settings.maxBytes, terminal);
    if (read.source === undefined) {
      printFindings(read.diagnostics, {}, terminal);
      return EXIT.invalid;
    }
    const compiled = await new GraphChecker(settings, terminal).check(read.source, { resources: "warning" });
    printFindings(compiled.diagnostics, compiled.texts, terminal);
    if (compiled.plan === undefined) return EXIT.invalid;
    const at = (file: string | undefined) => (file === undefined ? undefined : path.resolve(terminal.cwd, file));
    for (const name of ["report", "dead-letters"] as const) expectWritable(name, at(flags[name]));
    return runPlan(
      compiled.plan,
      {
        maxPackets: flags["max-packets"],
        maxSeconds: flags["max-seconds"],
        drainSeconds: flags["drain-seconds"] ?? 10,
        stallSeconds: flags["stall-seconds"] ?? 60,
        seed: flags.seed,
        reportJson: flags["report-json"],
        reportFile: at(flags.report),
        deadLettersFile: at(flags["dead-letters"]),
        http: flags.http,
        httpTokenFile: at(flags["http-token"]),
        httpInsecure: flags["http-insecure"],
        logLevel: flags["log-level"] ?? "info",
        logFormat: flags["log-format"] ?? "text",
        failDegraded: flags["fail-degraded"],
        stateDir: flags["state-dir"],
        freshState: flags["fresh-state"],
        networkDisk: flags["dangerously-allow-network-disk"],
        record,
        reload: readAgain(args[0], settings, flags, terminal, read.source),
        secrets: compiled.secrets,
      },
      terminal,
    );
  },
});

/** How the graph is read another time; the demo and standard input cannot be. */
function readAgain(
  given: string | undefined,
  settings: GraphSettings,
  { watch, http }: { watch: boolean; http: string | undefined },
  terminal: Terminal,
  first: GraphSource,
): ReloadSettings | undefined {
  if (given === undefined || given === "-") return undefined;
  const read: ReloadSettings["read"] = async ({ file: asked = given, text }) => {
    // By another way to it, a link say, it is no other graph in another folder.
    const file = isSame(asked, given, terminal) ? given : asked;
    const { source, diagnostics }: ReadResult =
      text === undefined
        ? await readOneGraph(file, settings.maxBytes, terminal)
        : { source: { text, path: first.path, baseDir: first.baseDir } };
    if (source === undefined) {
      const findings = formatDiagnostics(diagnostics, { texts: {} });
      return { plan: undefined, findings, source, secrets: [], files: [] };
    }
    // Another one each time: it keeps what it has loaded of plugins.
    const checked = await new GraphChecker(settings, terminal).check(source, { resources: "warning" });
    const { plan, diagnostics: found, texts, secrets, files = [] } = checked;
    return { plan, findings: formatDiagnostics(found, { texts }), source, secrets, files };
  };
  return { source: first, read, watch, httpFlag: http !== undefined, pluginsDir: settings.pluginsDir(first.baseDir) };
}

function isSame(one: string, other: string, { cwd }: Terminal): boolean {
  const real = (file: string) => {
    const full = path.resolve(cwd, file);
    return fs.existsSync(full) ? fs.realpathSync(full) : full;
  };
  return real(one) === real(other);
}

/** The demo reads no files, so its folder does not matter. */
async function readSource(file: string | undefined, maxBytes: number, terminal: Terminal): Promise<ReadResult> {
  if (file === undefined) return { source: { text: demo, path: "<demo>", baseDir: terminal.cwd } };
  return readOneGraph(file, maxBytes, terminal);
}

/** Found out before the run, as afterwards its report would be lost. */
function expectWritable(name: string, file: string | undefined) {
  if (file === undefined) return;
  try {
    fs.closeSync(fs.openSync(file, "a"));
  } catch (error) {
    throw new UsageError(`cannot write --${name} ${file}: ${(error as Error).message}`);
  }
}

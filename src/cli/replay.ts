import * as fs from "node:fs";
import * as path from "node:path";
import type { GraphPlan } from "../graph/index.ts";
import { createRedactor, LOG_FORMATS, LOG_LEVELS, type LogLevelName } from "../observe/index.ts";
import { type ReadRecording, RecordingError, readRecording } from "../record/index.ts";
import { scratchFolder } from "../trial/index.ts";
import { refuseBunOptions } from "./bun_options.ts";
import { defineCommand, flag, UsageError } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import { readOneGraph } from "./graph_files.ts";
import { GRAPH_FLAGS, GraphChecker, graphSettings } from "./graph_settings.ts";
import { replaying } from "./replaying.ts";
import { printFindings, runPlan } from "./run_plan.ts";

const LEVELS = Object.keys(LOG_LEVELS) as LogLevelName[];

export const command = defineCommand({
  doc: "Runs a graph whose sources are a recording (schnitzel run --record): its packets come at their times and in their order, and the time that nodes see is that of the recording, so timers and windows do what they did. The same recording, graph and seed give the same output, on every machine. Sinks are real. Durable edges and dead letters go to a folder that is removed at the end, unless --state-dir names one.",
  args: [
    { name: "FILE", doc: "The recording." },
    { name: "GRAPH", doc: "Graph to run; the one that was recorded unless given.", optional: true },
  ],
  flags: {
    ...GRAPH_FLAGS,
    speed: flag.text("original|N|max", "Seconds of the recording in one second; max, the default, never waits."),
    "from-node": flag.texts("NODE", "Only what this source sent; the others end at once."),
    seed: flag.integer("N", "Another seed than the recorded one."),
    "max-packets": flag.integer("N", "Stop after N packets."),
    "report-json": flag.toggle("Print the run report as the last line of stdout."),
    report: flag.text("FILE", "Write the run report to a file."),
    "dead-letters": flag.text("FILE", "Append every packet that is set aside as a JSON line."),
    http: flag.text("HOST:PORT", "Serve /healthz, /readyz, /metrics and /report, such as 127.0.0.1:7077."),
    "state-dir": flag.text("DIR", "Keep durable edges and dead letters here, not in a folder that is removed."),
    "log-level": flag.choice(LEVELS, "Least level that is logged; info unless given."),
    "log-format": flag.choice(LOG_FORMATS, "Text for people, json for machines."),
    "fail-degraded": flag.toggle("End with code 4 when packets were set aside."),
  },
  examples: [
    ["schnitzel replay bug.rec", "What happened then, as fast as it goes."],
    ["schnitzel replay bug.rec mended.yaml", "Would the mended graph have done better?"],
    ["schnitzel replay bug.rec --speed original --http 127.0.0.1:7077", "To watch it, at its own pace."],
  ],
  exits: {
    [EXIT.ok]: "The recording was played to its end.",
    [EXIT.failure]: "The run failed; the report says why.",
    [EXIT.invalid]: "The file is no recording, it does not fit the graph, the graph has an error, or usage.",
    [EXIT.precondition]: "Something outside the graph is missing, such as a free port for --http.",
    [EXIT.degraded]: "With --fail-degraded: packets were set aside.",
  },
  async run({ args: [file, graph], flags, terminal }) {
    const refusal = refuseBunOptions(terminal.env);
    if (refusal !== undefined) {
      terminal.err(`schnitzel replay ${refusal}\n`);
      return EXIT.precondition;
    }
    const speed = speedOf(flags.speed);
    const settings = graphSettings(flags, terminal);
    const recording = open(path.resolve(terminal.cwd, file!), file!);
    const { header } = recording;
    const read = await readOneGraph(graph ?? header.graph.path, settings.maxBytes, terminal);
    if (read.source === undefined) {
      printFindings(read.diagnostics, {}, terminal);
      return EXIT.invalid;
    }
    const compiled = await new GraphChecker(settings, terminal).check(read.source, { resources: "warning" });
    printFindings(compiled.diagnostics, compiled.texts, terminal);
    if (compiled.plan === undefined) return EXIT.invalid;
    if (compiled.plan.hash !== header.graph.hash) {
      terminal.err(`note: ${compiled.plan.path} is not the text that was recorded (${header.graph.path})\n`);
    }
    const { secrets } = compiled;
    const hide = createRedactor(secrets).text;
    const at = (name: string | undefined) => (name === undefined ? undefined : path.resolve(terminal.cwd, name));
    const scratch = scratchFolder();
    try {
      const { plan, replay } = replaying({
        ...{ plan: compiled.plan, recording, speed },
        scratch: flags["state-dir"] === undefined,
        only: chosen(flags["from-node"], compiled.plan),
        blobs: `${path.resolve(terminal.cwd, file!)}.blobs`,
        say: (message) => terminal.err(`${hide(message)}\n`),
      });
      return await runPlan(
        plan,
        {
          ...{
            replay,
            secrets,
            seed: flags.seed ?? header.seed,
            maxPackets: flags["max-packets"],
            maxSeconds: undefined,
          },
          ...{ drainSeconds: 10, stallSeconds: 60, reportJson: flags["report-json"], reportFile: at(flags.report) },
          ...{ deadLettersFile: at(flags["dead-letters"]), http: flags.http, httpTokenFile: undefined },
          ...{ httpInsecure: false, logLevel: flags["log-level"] ?? "info", logFormat: flags["log-format"] ?? "text" },
          ...{ failDegraded: flags["fail-degraded"], stateDir: flags["state-dir"] ?? scratch, networkDisk: false },
        },
        terminal,
      );
    } finally {
      recording.close();
      fs.rmSync(scratch, { recursive: true, force: true });
    }
  },
});

function open(file: string, given: string): ReadRecording {
  try {
    return readRecording(file);
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    throw new UsageError(error.message.replace(file, given));
  }
}

function speedOf(text = "max"): number {
  if (text === "max") return Number.POSITIVE_INFINITY;
  if (text === "original") return 1;
  const speed = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (speed > 0) return speed;
  throw new UsageError(`--speed must be original, max or a number above 0, such as 10: current value is "${text}"`);
}

/** Ids of the sources that were asked for; undefined means all. */
function chosen(names: readonly string[], { nodes }: GraphPlan): readonly string[] | undefined {
  const sources = nodes.filter(({ definition }) => definition.kind === "source").map(({ id }) => id);
  const wrong = names.find((name) => !sources.includes(name));
  if (wrong !== undefined)
    throw new UsageError(`--from-node ${wrong} is no source of the graph`, `it has ${sources.join(", ")}`);
  return names.length === 0 ? undefined : names;
}

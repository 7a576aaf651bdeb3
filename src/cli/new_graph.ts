import * as path from "node:path";
import { defineCommand, flag, UsageError } from "./command/index.ts";
import { EXIT } from "./exit.ts";
import camera from "./templates/camera.yaml" with { type: "text" };
import csv from "./templates/csv.yaml" with { type: "text" };
import minimal from "./templates/minimal.yaml" with { type: "text" };
import readings from "./templates/readings.csv.txt" with { type: "text" };
import sensor from "./templates/sensor.yaml" with { type: "text" };
import video from "./templates/video.yaml" with { type: "text" };
import visionMock from "./templates/vision_mock.yaml" with { type: "text" };
import { type NewFile, writeNewFiles } from "./write_files.ts";

interface Template {
  graph: string;
  /** Written beside the graph, under its name. */
  data?: { suffix: string; text: string };
  /** Flags for a first run. */
  run?: string;
}

export const TEMPLATES = {
  minimal: { graph: minimal },
  sensor: { graph: sensor, run: " --max-seconds 10" },
  csv: { graph: csv, data: { suffix: ".csv", text: readings }, run: " --dead-letters bad_rows.jsonl" },
  camera: { graph: camera, run: " --set vars.url=rtsp://HOST/PATH --http 127.0.0.1:7077" },
  video: { graph: video, run: " --set vars.video=street.mp4" },
  "vision-mock": { graph: visionMock },
} satisfies Record<string, Template>;

const NAMES = Object.keys(TEMPLATES) as (keyof typeof TEMPLATES)[];

export const command = defineCommand({
  doc: "Templates: minimal (a source, a filter, a sink), sensor (simulated, endless, into a rotated file), csv (a table with types, with data to try), camera (RTSP, people, boxes live in the browser), video (a file, people in a zone, events and pictures), vision-mock (camera events without camera or model). camera wants an address and video a file; the others run as they are.",
  args: [{ name: "FILE", doc: "Graph file to write, such as yard.yaml." }],
  flags: {
    template: flag.choice(NAMES, "What to start from; minimal unless given."),
    force: flag.toggle("Overwrite what is there."),
    json: flag.toggle("Print what was written as JSON."),
  },
  examples: [
    ["schnitzel new graph yard.yaml --template sensor", "A graph for a sensor, without having one yet."],
    ["schnitzel new graph yard.yaml --template camera", "A camera; schnitzel doctor camera says what it sends."],
    ["schnitzel new graph table.yaml --template csv", "Also writes table.csv to try it on."],
  ],
  exits: { [EXIT.invalid]: "A file is in the way, or usage." },
  run({ args, flags, terminal }) {
    const [file] = args as [string];
    const name = graphName(file);
    const { graph, data, run = "" }: Template = TEMPLATES[flags.template ?? "minimal"];
    const beside =
      data === undefined ? [] : [{ path: path.join(path.dirname(file), name + data.suffix), text: data.text }];
    const files: NewFile[] = [
      { path: file, text: graph.replaceAll("FILE.yaml", file).replaceAll(/\bNAME\b/g, name) },
      ...beside,
    ];
    writeNewFiles(files, flags.force, terminal);
    const next = [`schnitzel validate ${file}`, `schnitzel run ${file}${run}`, `schnitzel graph ${file}`];
    const written = files.map((one) => one.path);
    if (flags.json) terminal.out(`${JSON.stringify({ schema_version: 1, written, next })}\n`);
    else terminal.out(`${written.map((one) => `wrote ${one}`).join("\n")}\nnext:\n  ${next.join("\n  ")}\n`);
    return EXIT.ok;
  },
});

/** The file's name without its ending; it becomes the graph's name and part of a file name in it. */
function graphName(file: string): string {
  const name = /^([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})\.ya?ml$/.exec(path.basename(file))?.[1];
  if (name !== undefined) return name;
  throw new UsageError(`${file} is no name for a graph file`, "letters, digits, - and _, ending in .yaml");
}

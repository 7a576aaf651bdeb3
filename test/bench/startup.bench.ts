import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import {
  BENCH,
  median,
  megabytes,
  milliseconds,
  type Row,
  rounds,
  schnitzel,
  speedRatio,
  type Timed,
  time,
} from "./measure.ts";

const ROUNDS = 31;

/** Whole processes: the version, a one-packet run, and a compiled Bun program that only says hello. */
export function startup(): Row[] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "schnitzel-bench-"));
  try {
    const hello = compiled("hello", folder);
    // As our own binary is, so that nothing is compiled at the start.
    const yaml = compiled("yaml_read", folder, "--bytecode", "--format=esm");
    const onePacket = ["run", "graphs/chain.yaml", "--max-packets", "1", "--log-level", "error"];
    const [world, version, one, read] = rounds(ROUNDS, [
      () => time([hello]),
      () => time(schnitzel("version")),
      () => time(schnitzel(...onePacket)),
      () => time([yaml, path.join(BENCH, "graphs/chain.yaml")]),
    ]) as [Timed[], Timed[], Timed[], Timed[]];
    const row = (what: string, runs: readonly Timed[], command: string): Row => {
      const ratio = speedRatio(runs, world);
      const figure = `${milliseconds(runs)}${memoryOf(runs)}`;
      const beside = `compiled hello-world ${milliseconds(world)}`;
      return { what, figure, beside, ratio, reach: "≥ 0.5 (at most twice the time)", ok: ratio >= 0.5, command };
    };
    const command = `schnitzel ${onePacket.join(" ")}`;
    const beside = `compiled program that only reads the graph, with \`yaml\`, ${milliseconds(read)}`;
    return [
      row("`schnitzel version`, wall", version, "schnitzel version"),
      row("run of one packet, wall and peak memory", one, command),
      { what: "run of one packet, wall", figure: milliseconds(one), beside, ratio: speedRatio(one, read), command },
    ];
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function compiled(name: string, folder: string, ...flags: string[]): string {
  const file = path.join(folder, name);
  time([
    process.execPath,
    "build",
    "--compile",
    "--minify",
    ...flags,
    path.join(BENCH, `baselines/${name}.ts`),
    "--outfile",
    file,
  ]);
  return file;
}

/** Peak resident memory; a process smaller than the one that started it is shown its parent's, and so left out. */
function memoryOf(runs: readonly Timed[]): string {
  const bytes = median(runs.map(({ rssBytes }) => rssBytes));
  return bytes > process.memoryUsage.rss() ? `, ${megabytes(bytes)}` : "";
}

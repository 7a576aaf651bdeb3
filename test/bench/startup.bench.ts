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
    const hello = path.join(folder, "hello");
    time([
      process.execPath,
      "build",
      "--compile",
      "--minify",
      path.join(BENCH, "baselines/hello.ts"),
      "--outfile",
      hello,
    ]);
    const onePacket = ["run", "graphs/chain.yaml", "--max-packets", "1", "--log-level", "error"];
    const [world, version, one] = rounds(ROUNDS, [
      () => time([hello]),
      () => time(schnitzel("version")),
      () => time(schnitzel(...onePacket)),
    ]) as [ReturnType<typeof time>[], ReturnType<typeof time>[], ReturnType<typeof time>[]];
    const row = (what: string, runs: typeof world, command: string): Row => {
      const ratio = speedRatio(runs, world);
      const figure = `${milliseconds(runs)}${memoryOf(runs)}`;
      const beside = `compiled hello-world ${milliseconds(world)}`;
      return { what, figure, beside, ratio, reach: "≥ 0.5 (at most twice the time)", ok: ratio >= 0.5, command };
    };
    return [
      row("`schnitzel version`, wall", version, "schnitzel version"),
      row("run of one packet, wall and peak memory", one, `schnitzel ${onePacket.join(" ")}`),
    ];
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** Peak resident memory; a process smaller than the one that started it is shown its parent's, and so left out. */
function memoryOf(runs: readonly Timed[]): string {
  const bytes = median(runs.map(({ rssBytes }) => rssBytes));
  return bytes > process.memoryUsage.rss() ? `, ${megabytes(bytes)}` : "";
}

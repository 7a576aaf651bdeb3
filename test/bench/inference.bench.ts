import * as path from "node:path";
import { nativeLibrary } from "../../scripts/native.ts";
import { hostTarget } from "../../scripts/targets.ts";
import { bun, median, type Row, schnitzel, time } from "./measure.ts";

const ROUNDS = 5;
/** The time of the frames between the two counts leaves starting and warming up out. */
const FEW = 20;
const MANY = 140;

interface Pass {
  msPerFrame: number;
  metrics: Record<string, number>;
}

/** A model in the graph beside the same model in a bare loop, and how long the event loop waits meanwhile. */
export async function inference(): Promise<Row[]> {
  const folder = process.env.SCHNITZEL_TEST_MODELS;
  if (folder === undefined) throw new Error("set SCHNITZEL_TEST_MODELS to the folder with yolox_nano.onnx");
  const model = path.join(folder, "yolox_nano.onnx");
  const native = await nativeLibrary(hostTarget());
  const passes: { bare: number; ours: Pass; native: Pass; two: Pass }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const bare = Number(time(bun("model_loop.ts", model, String(MANY - FEW), "1")).stdout);
    passes.push({
      bare,
      ours: graph(model, "wasm", 1),
      native: graph(model, "native", 1, native),
      two: graph(model, "wasm", 2),
    });
  }
  const middle = (of: (pass: (typeof passes)[number]) => number) => median(passes.map(of));
  const command = "schnitzel run graphs/inference.yaml";
  const what = "YOLOX-nano 416 in the graph, WebAssembly";
  const bare = `bare onnxruntime-web loop, ${middle((pass) => pass.bare).toFixed(1)} ms`;
  const ratio = middle((pass) => pass.bare / pass.ours.msPerFrame);
  const delay = (which: string) => middle((pass) => pass.ours.metrics[`delay_${which}_us`]! / 1_000);
  return [
    {
      what: `${what}, 1 worker`,
      figure: perFrame(middle((pass) => pass.ours.msPerFrame)),
      beside: bare,
      ...{ ratio, reach: "≥ 0.95", ok: ratio >= 0.95, command },
    },
    {
      what: `${what}, 2 workers`,
      figure: perFrame(middle((pass) => pass.two.msPerFrame)),
      ...{ beside: bare, ratio: middle((pass) => pass.bare / pass.two.msPerFrame), command },
    },
    {
      what: "YOLOX-nano 416 in the graph, native library, 1 worker",
      figure: perFrame(middle((pass) => pass.native.msPerFrame)),
      ...{ beside: bare, ratio: middle((pass) => pass.bare / pass.native.msPerFrame), command },
    },
    {
      what: "delay of the event loop while a model runs",
      figure: `p99 ${delay("p99").toFixed(2)} ms`,
      beside: `p50 ${delay("p50").toFixed(2)} ms, longest ${delay("max").toFixed(1)} ms`,
      ...{ reach: "p99 < 10 ms", ok: delay("p99") < 10, command },
    },
  ];
}

const perFrame = (ms: number) => `${ms.toFixed(1)} ms a frame, ${(1_000 / ms).toFixed(1)} frames/s`;

function graph(model: string, backend: string, workers: number, native?: string): Pass {
  // Natively so much faster that more frames are needed for a duration that can be measured.
  const [few, many] = backend === "native" ? [5 * FEW, 5 * MANY] : [FEW, MANY];
  const env = { ...(native === undefined ? {} : { SCHNITZEL_NATIVE: native }) };
  const run = (frames: number) => {
    const sets = [`nodes.model.config.model=${model}`, `nodes.model.config.backend=${backend}`];
    sets.push(`nodes.model.config.workers=${workers}`, `nodes.cam.config.max_frames=${frames}`);
    sets.push(`nodes.model.runtime.concurrency=${workers + 1}`);
    const flags = sets.flatMap((each) => ["--set", each]);
    const ran = time(schnitzel("run", "graphs/inference.yaml", "--report-json", "--log-level", "error", ...flags), env);
    const report = JSON.parse(ran.stdout.trim().split("\n").at(-1)!);
    return { ms: report.duration_ms as number, metrics: report.node_metrics.sink as Record<string, number> };
  };
  const [short, long] = [run(few), run(many)];
  return { msPerFrame: (long.ms - short.ms) / (many - few), metrics: long.metrics };
}

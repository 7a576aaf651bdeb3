import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { nativeLibrary } from "../../scripts/native.ts";
import { hostTarget } from "../../scripts/targets.ts";
import { STREET } from "../support/street.ts";
import { ffmpeg } from "../support/video_clips.ts";
import { bun, median, type Row, schnitzel, time } from "./measure.ts";

const ROUNDS = 3;
/** Between two counts of frames lies neither starting nor warming up. */
const FEW = 30;
const MANY = 180;
/**
 * The same of a still scene at 10 frames/s, from behind the 3 s for which the first frame holds the gate open. With the
 * gate a frame takes so little that a thousand are needed to see it beside what starting takes.
 */
const [STILL_FEW, STILL_MANY, STILL_GATED] = [40, 100, 1_040];
const CAMERAS = ["north", "east", "south", "west"];
/** Long enough for some 25 pictures of each camera, of which one more or less is 4 %. */
const FAIR_SEC = 12;

/** From a file or cameras to events, with a real detector. */
export async function seeing(): Promise<Row[]> {
  const models = process.env.SCHNITZEL_TEST_MODELS;
  if (models === undefined) throw new Error("set SCHNITZEL_TEST_MODELS to the folder with yolox_nano.onnx");
  if (STREET === undefined)
    throw new Error("vtest.avi is absent: sh scripts/test.sh takes it out of Debian's opencv-doc");
  const model = path.join(path.resolve(models), "yolox_nano.onnx");
  return [...(await street(model)), fairness(model), motionGate()];
}

const sets = (values: Record<string, string | number>) =>
  Object.entries(values).flatMap(([name, value]) => ["--set", `${name}=${value}`]);

interface Report {
  duration_ms: number;
  metrics: Record<string, number>;
}

function run(
  graph: string,
  values: Record<string, string | number>,
  env: Record<string, string> = {},
  ...more: string[]
) {
  const flags = ["--report-json", "--log-level", "error", ...sets(values), ...more];
  const ran = time(schnitzel("run", `graphs/${graph}.yaml`, ...flags), env);
  return { ...ran, report: JSON.parse(ran.stdout.trim().split("\n").at(-1)!) as Report };
}

/** Frames a second from a video file through YOLOX-nano and the tracker to events. */
async function street(model: string): Promise<Row[]> {
  const native = await nativeLibrary(hostTarget());
  const rate = (workers: number, backend: string) => {
    const env: Record<string, string> =
      backend === "native" && native !== undefined ? { SCHNITZEL_NATIVE: native } : {};
    const scale = backend === "native" ? 4 : 1;
    const values = { "vars.video": STREET!, "vars.model": model, "vars.workers": workers, "vars.backend": backend };
    const of = (frames: number) => run("street", { ...values, "vars.frames": frames }, env);
    const [few, many] = [of(FEW * scale), of(MANY * scale)];
    const perSecond = ((MANY - FEW) * scale * 1_000) / (many.report.duration_ms - few.report.duration_ms);
    return { perSecond, delayMs: many.report.metrics["node.sink.delay_p99_us"]! / 1_000 };
  };
  const rounds = Array.from({ length: ROUNDS }, () => ({
    bare: 1_000 / Number(time(bun("model_loop.ts", model, String(MANY - FEW), "1")).stdout),
    one: rate(1, "wasm"),
    two: rate(2, "wasm"),
    native: rate(1, "native"),
  }));
  const middle = (name: "one" | "two" | "native") => median(rounds.map((round) => round[name].perSecond));
  const delay = median(rounds.map(({ one }) => one.delayMs));
  const [one, two, fast] = [middle("one"), middle("two"), middle("native")];
  const ratio = median(rounds.map((round) => round.native.perSecond / round.one.perSecond));
  const what = "vtest.avi → YOLOX-nano 416 → tracker → events";
  const command = "schnitzel run graphs/street.yaml";
  const shown = (perSecond: number) => `${perSecond.toFixed(1)} frames/s`;
  const ofBare = median(rounds.map((round) => round.one.perSecond / round.bare));
  const ofOne = median(rounds.map((round) => round.two.perSecond / round.one.perSecond));
  return [
    {
      what: `${what}, 1 worker, WebAssembly`,
      figure: `${shown(one)}, delay of the event loop p99 ${delay.toFixed(2)} ms`,
      beside: `the model alone, in a loop on a tensor that is there, ${shown(median(rounds.map(({ bare }) => bare)))}`,
      ratio: ofBare,
      ...{ reach: "≥ 20 frames/s, < 10 ms", ok: one >= 20 && delay < 10, command },
    },
    {
      what: `${what}, 2 workers, WebAssembly`,
      figure: shown(two),
      beside: `1 worker, ${shown(one)}`,
      ratio: ofOne,
      ...{ reach: "≥ 34 frames/s", ok: two >= 34, command },
    },
    {
      what: `${what}, 1 worker, native library`,
      figure: shown(fast),
      beside: `WebAssembly, 1 worker, ${shown(one)}`,
      ...{ ratio, reach: "≥ 5", ok: ratio >= 5, command },
    },
  ];
}

/** What each of four cameras gets through a model and a sink that are too slow for all. */
function fairness(model: string): Row {
  const values = { "vars.video": STREET!, "vars.model": model };
  const { metrics } = run("four_cameras", values, {}, "--max-seconds", String(FAIR_SEC)).report;
  const counts = CAMERAS.map((name) => metrics[`node.sink.from_${name}`] ?? 0);
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const off = Math.max(...counts.map((count) => Math.abs(count - mean))) / mean;
  return {
    what: "4 cameras, one model, one sink that takes 10 packets a second: packets of each",
    figure: counts.join(", "),
    beside: `mean ${mean.toFixed(1)}, farthest ${(off * 100).toFixed(0)} % away`,
    ...{ reach: "≤ 10 % away", ok: off <= 0.1, command: "schnitzel run graphs/four_cameras.yaml" },
  };
}

/** Processor time for a picture of a still scene, with noise as of a camera. */
function motionGate(): Row {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "motion-bench-"));
  try {
    const video = path.join(folder, "still.mp4");
    const still = `trim=end_frame=1,scale=640:480,loop=${STILL_GATED}:1,setpts=N/10/TB,noise=alls=6:allf=t`;
    ffmpeg(
      "-i",
      STREET!,
      "-vf",
      still,
      "-r",
      "10",
      "-c:v",
      "libx264",
      "-preset",
      "veryfast",
      "-pix_fmt",
      "yuv420p",
      video,
    );
    const cpuMs = (graph: string, many: number) => {
      const of = (frames: number) => run(graph, { "vars.video": video, "nodes.yard.config.max_frames": frames }).cpuMs;
      return (of(many) - of(STILL_FEW)) / (many - STILL_FEW);
    };
    const rounds = Array.from({ length: ROUNDS }, () => ({
      gate: cpuMs("motion_gate", STILL_GATED),
      none: cpuMs("motion_none", STILL_MANY),
    }));
    const ratio = median(rounds.map(({ gate, none }) => none / gate));
    const shown = (name: "gate" | "none") =>
      `${median(rounds.map((round) => round[name])).toFixed(1)} ms of processor a frame`;
    return {
      what: "still scene, 640×480: motion before the detector (coco_small)",
      figure: shown("gate"),
      beside: `without, ${shown("none")}`,
      ...{ ratio, reach: "≥ 10", ok: ratio >= 10, command: "schnitzel run graphs/motion_gate.yaml" },
    };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

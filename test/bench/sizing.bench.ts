import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { nativeLibrary } from "../../scripts/native.ts";
import { hostTarget } from "../../scripts/targets.ts";
import { STREET } from "../support/street.ts";
import { ffmpeg } from "../support/video_clips.ts";
import { median, type Row, schnitzel, time } from "./measure.ts";

const ROUNDS = 3;
/** Less than this and starting would be measured. */
const [SHORT_SEC, LONG_SEC] = [4, 24];
const [FEW, MANY] = [20, 100];

const CAMERAS = [
  { name: "640×360, 15 pictures/s", size: "640:360", fps: 15 },
  { name: "1280×720, 25 pictures/s", size: "1280:720", fps: 25 },
  { name: "1920×1080, 25 pictures/s", size: "1920:1080", fps: 25 },
];

/** Processor time, which counts for how many cameras a machine can take: of a camera's second, and of a look. */
export async function sizing(): Promise<Row[]> {
  const models = process.env.SCHNITZEL_TEST_MODELS;
  if (models === undefined) throw new Error("set SCHNITZEL_TEST_MODELS to the folder with yolox_nano.onnx");
  if (STREET === undefined)
    throw new Error("vtest.avi is absent: sh scripts/test.sh takes it out of Debian's opencv-doc");
  const yolox = path.resolve(models, "yolox_nano.onnx");
  return [...cameras(), ...(await detectors(yolox))];
}

function cpuMs(graph: string, values: Record<string, string | number>, env: Record<string, string> = {}): number {
  const sets = Object.entries(values).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  return time(schnitzel("run", `graphs/${graph}.yaml`, "--log-level", "error", ...sets), env).cpuMs;
}

/** The street, as cameras of today send it: H.264, a key frame every two seconds. */
function cameras(): Row[] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "sizing-bench-"));
  try {
    return CAMERAS.map(({ name, size, fps }) => {
      const file = path.join(folder, `${size.replace(":", "x")}.mp4`);
      const encoder = ["-c:v", "libx264", "-preset", "veryfast", "-g", String(2 * fps), "-pix_fmt", "yuv420p"];
      ffmpeg("-t", String(LONG_SEC), "-i", STREET!, "-vf", `scale=${size}`, "-r", String(fps), ...encoder, file);
      const of = (seconds: number) => cpuMs("sizing_decode", { "vars.video": file, "vars.seconds": seconds });
      const once = () => (of(LONG_SEC) - of(SHORT_SEC)) / (LONG_SEC - SHORT_SEC);
      const what = `a second of a camera, ${name}: decoded, 5 pictures of 640 looked at by motion`;
      return reported(what, median(Array.from({ length: ROUNDS }, once)), "sizing_decode");
    });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function detectors(yolox: string): Promise<Row[]> {
  const native = await nativeLibrary(hostTarget());
  const kinds: { name: string; values: Record<string, string> }[] = [
    { name: "coco_small 512×384", values: { "vars.input": "{ width: 512, height: 384 }" } },
    { name: "coco_small 512×288", values: { "vars.input": "{ width: 512, height: 288 }" } },
    { name: "yolox_nano 416×416", values: { "vars.model": yolox } },
  ];
  const backends = [{ backend: "wasm" }, ...(native === undefined ? [] : [{ backend: "native", native }])];
  return kinds.flatMap(({ name, values }) =>
    backends.map(({ backend, native: library }: { backend: string; native?: string }) => {
      const env: Record<string, string> = library === undefined ? {} : { SCHNITZEL_NATIVE: library };
      const set = { "vars.video": STREET!, "vars.backend": backend, ...values };
      const scale = backend === "native" ? 4 : 1;
      const of = (frames: number) => cpuMs("sizing_detect", { ...set, "vars.frames": frames * scale }, env);
      const once = () => (of(MANY) - of(FEW)) / ((MANY - FEW) * scale);
      const what = `a look by ${name}, ${backend}, with tracker and count`;
      return reported(what, median(Array.from({ length: ROUNDS }, once)), "sizing_detect");
    }),
  );
}

const reported = (what: string, ms: number, graph: string): Row => ({
  what,
  figure: `${ms.toFixed(1)} ms of processor`,
  beside: "—",
  command: `schnitzel run graphs/${graph}.yaml`,
});

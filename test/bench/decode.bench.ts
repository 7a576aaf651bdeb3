import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { ffmpeg } from "../support/video_clips.ts";
import { BENCH, bun, median, megabytes, type Row, rounds, schnitzel, speedRatio, type Timed, time } from "./measure.ts";

/** Some six seconds of decoding, so that starting counts for little. */
const FRAMES = 3_000;
const ROUNDS = 5;
/** Of 64x48 pixels, in rounds over a clip. */
const SMALL_FRAMES = 100_000;
const SAMPLE_MS = 50;

/** Video into frames of the graph, beside the same ffmpeg into a pipe, and beside OpenCV where it is installed. */
export async function decode(): Promise<Row[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "decode-bench-"));
  try {
    return [...speed(makeClip(folder, "1280x720", FRAMES)), await flatMemory(makeClip(folder, "64x48", 5_000))];
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function makeClip(folder: string, size: string, frames: number): string {
  const file = path.join(folder, `${size}.mp4`);
  const source = ["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=30`, "-frames:v", String(frames)];
  ffmpeg(...source, "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "60", file);
  return file;
}

const graph = (clip: string, ...set: string[]) => {
  const sets = [`nodes.cam.config.path=${clip}`, ...set].flatMap((each) => ["--set", each]);
  return schnitzel("run", "graphs/decode.yaml", "--log-level", "error", ...sets);
};

function speed(clip: string): Row[] {
  const pipe = (format: string) => [
    "sh",
    "-c",
    `ffmpeg -v error -nostdin -i ${clip} -pix_fmt ${format} -f rawvideo - | cat > /dev/null`,
  ];
  // The system's own first: a version manager's python sees none of the system's packages.
  const python = ["/usr/bin/python3", "python3"].find(hasOpenCv);
  const script = path.join(BENCH, "baselines/opencv_frames.py");
  const [ours, theirs, oursYuv, theirsYuv, tensors, read, readTensors] = rounds(ROUNDS, [
    () => time(graph(clip)),
    () => time(pipe("bgr24")),
    () => time(graph(clip, "nodes.cam.config.format=yuv420p")),
    () => time(pipe("yuv420p")),
    () => time(bun("frame_tensors.ts", clip)),
    ...(python !== undefined ? ["read", "tensor"].map((what) => () => time([python, script, clip, what])) : []),
  ]) as [Timed[], Timed[], Timed[], Timed[], Timed[], Timed[]?, Timed[]?];
  const decoded = "720p H.264 → frames in the graph";
  const command = "schnitzel run graphs/decode.yaml";
  const absent = "OpenCV is not installed (python3-opencv)";
  return [
    row(`${decoded}, bgr24`, ours, "ffmpeg -f rawvideo \\| cat", theirs, 0.9, command),
    row(`${decoded}, yuv420p`, oursYuv, "ffmpeg -f rawvideo \\| cat", theirsYuv, 0.9, command),
    row(`${decoded}, bgr24`, ours, read === undefined ? absent : "OpenCV read()", read, undefined, command),
    row(
      "read, scale to 640, CHW float tensor",
      tensors,
      readTensors === undefined ? absent : "OpenCV and numpy",
      readTensors,
      1.3,
      "bun run bench decode",
    ),
  ];
}

const hasOpenCv = (python: string) =>
  Bun.which(python) !== null && Bun.spawnSync([python, "-c", "import cv2"], { stderr: "ignore" }).success;

const perSecond = (runs: readonly Timed[]) =>
  `${Math.round((FRAMES / median(runs.map(({ ms }) => ms))) * 1_000)} frames/s`;

function row(
  what: string,
  ours: readonly Timed[],
  name: string,
  theirs: readonly Timed[] | undefined,
  reach: number | undefined,
  command: string,
): Row {
  if (theirs === undefined) return { what, figure: perSecond(ours), beside: name, command };
  const ratio = speedRatio(ours, theirs);
  const verdict = reach === undefined ? {} : { reach: `≥ ${reach}`, ok: ratio >= reach };
  return { what, figure: perSecond(ours), beside: `${name}, ${perSecond(theirs)}`, ratio, ...verdict, command };
}

/** Resident memory of the graph while small frames pass. It goes up and down with the collector, so by thirds. */
async function flatMemory(clip: string): Promise<Row> {
  const loop = ["nodes.cam.config.loop=true", `nodes.cam.config.max_frames=${SMALL_FRAMES}`];
  const child = Bun.spawn(graph(clip, ...loop), { cwd: BENCH, stdout: "ignore", stderr: "ignore" });
  const samples: number[] = [];
  while (child.exitCode === null) {
    samples.push(residentBytes(child.pid));
    await Bun.sleep(SAMPLE_MS);
  }
  if (child.exitCode !== 0) throw new Error(`the graph ended with ${child.exitCode}`);
  const held = samples.filter((bytes) => bytes > 0);
  const third = Math.floor(held.length / 3);
  const [early, last] = [median(held.slice(0, third)), median(held.slice(-third))];
  return {
    what: `resident memory over ${SMALL_FRAMES.toLocaleString("en")} frames`,
    figure: `${megabytes(last)} in the last third`,
    beside: `${megabytes(early)} in the first third, ${megabytes(Math.max(...held))} at most`,
    ratio: early / last,
    reach: "last ≤ 1.1 × the first third",
    ok: last <= 1.1 * early,
    command: "schnitzel run graphs/decode.yaml",
  };
}

function residentBytes(pid: number): number {
  try {
    const line = fs.readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+) kB/);
    return line === null ? 0 : Number(line[1]) * 1024;
  } catch {
    return 0;
  }
}

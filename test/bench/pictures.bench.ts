import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { encodeJpeg } from "../../src/media/index.ts";
import type { Frame } from "../../src/packet/index.ts";
import { ROOT } from "../support/binary.ts";
import { makeClip } from "../support/rtsp/clip.ts";
import { median, type Row, schnitzel, time } from "./measure.ts";

const FPS = 25;
/** Twenty events, of which each has a picture, and which follow so that a clip has four. */
const SECONDS = 20;
const PICTURES = 200;
/** Lines of a bgr24 picture of 720p. */
const SIZE = { width: 1_280, height: 720 };

/** What pictures and clips cost, and whether a camera loses frames by them. */
export async function pictures(): Promise<Row[]> {
  // Before there is a server beside it.
  const jpeg = await snapshot();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pictures-bench-"));
  const clip = makeClip(folder, "yard", { size: "1280x720", fps: FPS, seconds: 4 });
  const options = JSON.stringify({ clip });
  const server = Bun.spawn([process.execPath, path.join(ROOT, "test/support/rtsp_server.ts"), options], {
    stdout: "pipe",
  });
  try {
    const { value } = await server.stdout.getReader().read();
    const url = new TextDecoder().decode(value).trim();
    const bare = losses(folder, url, undefined);
    return [
      jpeg,
      row("what the camera sends", losses(folder, url, `record: "${url}"`), bare),
      row("frames, at 10/s", losses(folder, url, ""), bare),
    ];
  } finally {
    server.kill();
    await server.exited;
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

interface Ran {
  taken: number;
  lost: number;
  clips: number;
  snapshots: number;
  failed: number;
}

/** Runs a camera, and an event a second, with a snapshot and a clip for each, or without. */
function losses(folder: string, url: string, clips: string | undefined): Ran {
  const sinks = `
  - { id: shot, plugin: snapshot_sink, config: { dir: shots, min_free: 0 } }
  - { id: clip, plugin: clip_sink, config: { dir: clips, min_free: 0, pre_sec: 1, post_sec: 2, max_sec: 4, ${clips} } }`;
  const edges = `
  - { from: cam, to: shot.frames }
  - { from: cam, to: clip.frames }
  - { from: event, to: shot.events }
  - { from: shot, to: clip.events }
  - { from: clip.out, to: out }
  - { from: clip.clips, to: out }`;
  const graph = `version: 2
nodes:
  - { id: cam, plugin: rtsp_source, config: { url: "${url}" } }
  - { id: seen, plugin: mock_detector, config: { emit_every_n: ${FPS} } }
  - { id: event, plugin: event_v02, config: { site_id: S001 } }
  - { id: out, plugin: null_sink }${clips === undefined ? "" : sinks}
edges:
  - { from: cam, to: seen }
  - { from: seen, to: event }${clips === undefined ? "\n  - { from: event, to: out }" : edges}
`;
  const file = path.join(folder, "yard.yaml");
  fs.writeFileSync(file, graph);
  const ran = time(schnitzel("run", file, "--max-seconds", String(SECONDS), "--report-json", "--log-level", "off"));
  const { cam, shot, clip } = JSON.parse(ran.stdout.trim().split("\n").at(-1)!).node_metrics;
  return {
    taken: cam.frames_total,
    lost: cam.dropped_no_free_frame_total + cam.dropped_not_taken_total,
    clips: clip?.written_total ?? 0,
    snapshots: shot?.written_total ?? 0,
    failed:
      clip === undefined
        ? 0
        : clip.failed_total + clip.dropped_too_many_total + shot.failed_total + shot.no_frame_total,
  };
}

const row = (of: string, ran: Ran, bare: Ran): Row => ({
  what: `720p, ${FPS} frames/s, ${SECONDS} s: a snapshot for each event, one a second, and clips of ${of}`,
  figure: `${ran.lost} of ${ran.taken + ran.lost} frames lost; ${ran.snapshots} snapshots, ${ran.clips} clips, ${ran.failed} failed`,
  beside: `neither: ${bare.lost} of ${bare.taken + bare.lost}`,
  reach: "none lost, none failed",
  ok: ran.lost === 0 && ran.failed === 0 && ran.clips > 3 && ran.snapshots > SECONDS / 2,
  command: "bun run bench pictures",
});

/** A frame as a JPEG: how long it takes, and how long it keeps this thread. */
async function snapshot(): Promise<Row> {
  const frame = noisy();
  const [all, here]: [number[], number[]] = [[], []];
  for (let at = 0; at < PICTURES; at++) {
    const startMs = performance.now();
    const encoding = encodeJpeg(frame, { quality: 85 });
    here.push(performance.now() - startMs);
    await encoding;
    all.push(performance.now() - startMs);
  }
  const [whole, thread] = [median(all), median(here)];
  return {
    what: "720p JPEG snapshot, quality 85",
    figure: `${whole.toFixed(1)} ms, of them ${thread.toFixed(1)} ms on the main thread`,
    beside: `the fastest of ${PICTURES}: ${Math.min(...all).toFixed(1)} ms`,
    reach: "< 5 ms",
    ok: whole < 5,
    command: "bun run bench pictures",
  };
}

/** Smooth with a little noise, as a camera's picture: flat colour would be too easy. */
function noisy(): Frame {
  const { width, height } = SIZE;
  const data = new Uint8Array(new SharedArrayBuffer(width * height * 3));
  for (let at = 0; at < data.length; at++) data[at] = ((at / 3) % width) / 6 + ((at * 2_654_435_761) % 8);
  return { ...SIZE, format: "bgr24", stride: width * 3, data, frame_idx: 0 };
}

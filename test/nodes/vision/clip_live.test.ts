import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { clipSink } from "../../../src/nodes/vision/clip_sink.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { makeClip } from "../../support/rtsp/clip.ts";
import { type RtspOptions, rtspServer } from "../../support/rtsp_server.ts";
import { brightness, clipRun, event, look, pictureSums } from "./clip_run.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

const FPS = 25;
/** A key frame each second. */
const yard = makeClip(folder.path, "yard", { seconds: 8, fps: FPS });
const yardSums = new Set(pictureSums(yard.file));
const dark = makeClip(folder.path, "dark", { seconds: 4, source: "color=c=black:" });
const bright = makeClip(folder.path, "bright", { seconds: 4, source: "color=c=white:" });

let runs = 0;

async function setup(config: Record<string, unknown> = {}, options: Partial<RtspOptions> = {}) {
  const server = await rtspServer({ clip: yard, ...options });
  const base = path.join(folder.path, String(runs++));
  fs.mkdirSync(base);
  const run = await clipRun(base, { record: server.url, pre_sec: 2, post_sec: 2, max_sec: 6, ...config });
  return {
    base,
    server,
    run,
    recorded: (count: number) => run.until(`${count} segments`, () => run.metric("buffered_files") >= count),
    async [Symbol.asyncDispose]() {
      const left = await run.close();
      await server.close();
      expect(left).toEqual([]);
      expect(fs.readdirSync(path.join(base, "clips/.buffer"))).toEqual([]);
    },
  };
}

// At once: nearly all of it is waiting for a camera.
describe.concurrent("clip_sink with a camera", () => {
  test("writes what it sent around the event, bit for bit, and says so when it is there", async () => {
    await using scene = await setup({}, { audio: true });
    await scene.recorded(3);
    const heard = event();
    const clipPath = await scene.run.hear(heard);
    expect(clipPath).toStartWith(path.join(scene.base, "clips/S001/cam01/2"));
    expect(clipPath).toEndWith("_7.mp4");
    expect(fs.existsSync(clipPath!)).toBe(false);
    const notice = await scene.run.notice();
    expect(notice).toMatchObject({
      status: "written",
      whole: true,
      clip_path: clipPath,
      event_count: 1,
      events: [heard.meta.idempotency_key],
      codec: "h264",
      bytes: fs.statSync(clipPath!).size,
    });
    const { codecs, durationSec } = look(clipPath!);
    // G.711 has no place in MP4.
    expect(codecs).toEqual({ video: "h264", audio: "aac" });
    // Two seconds before and after, and at most a segment that began earlier: 1 s or a distance of key frames.
    expect(durationSec).toBeWithin(3.9, 6.1);
    expect(notice.duration_sec).toBeCloseTo(durationSec, 1);
    const sums = pictureSums(clipPath!);
    expect(sums.length).toBeWithin(3.9 * FPS, 6.1 * FPS);
    expect(sums.filter((sum) => !yardSums.has(sum))).toEqual([]);
  }, 30_000);

  test("has the moment of the event where the notice says", async () => {
    await using scene = await setup({}, { clip: dark });
    await scene.recorded(4);
    scene.server.play(bright);
    const heard = event();
    await scene.run.hear(heard);
    const { clip_path, start_ts, duration_sec } = await scene.run.notice();
    const shades = brightness(clip_path);
    const turnedSec = shades.findIndex((shade) => shade > 200) / FPS;
    expect(shades[0]).toBeLessThan(50);
    const eventSec = (Date.parse(heard.ts) - Date.parse(start_ts)) / 1_000;
    expect(Math.abs(turnedSec - eventSec)).toBeLessThan(0.3);
    expect(eventSec).toBeGreaterThan(1.9);
    expect(duration_sec - eventSec).toBeWithin(1.7, 2.3);
  }, 30_000);

  test("makes a running clip longer for further events, up to max_sec, and then begins another", async () => {
    await using scene = await setup({ pre_sec: 1, post_sec: 2, max_sec: 4 });
    await scene.recorded(2);
    const startMs = Date.now();
    const at = (ms: number) => event({ ts: new Date(startMs + ms).toISOString() });
    const paths = [];
    for (const ms of [0, 500, 1_500, 2_900, 3_100]) {
      await scene.run.until(`${ms} ms later`, () => Date.now() >= startMs + ms);
      paths.push(await scene.run.hear(at(ms)));
    }
    expect(new Set(paths.slice(0, 4)).size).toBe(1);
    expect(paths[4]).not.toBe(paths[0]);
    const first = await scene.run.notice();
    expect(first).toMatchObject({ clip_path: paths[0], event_count: 4, whole: true });
    expect(first.duration_sec).toBeWithin(3.9, 5.1);
    expect(await scene.run.notice()).toMatchObject({ clip_path: paths[4], event_count: 1, whole: true });
    expect(scene.run.metric("extended_total")).toBe(3);
  }, 30_000);

  test("shows an outage as long as it was when the camera is cut off in the middle of a clip", async () => {
    await using scene = await setup({ post_sec: 8, max_sec: 10 });
    await scene.recorded(3);
    await scene.run.hear(event());
    scene.server.cut();
    const notice = await scene.run.notice();
    expect(notice).toMatchObject({ status: "written", whole: true });
    expect(scene.run.metric("recorder_losses_total")).toBe(1);
    const { durationSec } = look(notice.clip_path);
    expect(durationSec).toBeWithin(9.5, 12.1);
    // Fewer pictures than that: while it was away there were none.
    const sums = pictureSums(notice.clip_path);
    expect(sums.length).toBeLessThan((durationSec - 0.3) * FPS);
    expect(sums.filter((sum) => !yardSums.has(sum))).toEqual([]);
  }, 40_000);

  test("writes what there is when the camera stays away and the run ends", async () => {
    const scene = await setup({ post_sec: 4 });
    await scene.recorded(3);
    const clipPath = await scene.run.hear(event());
    await scene.server.close();
    await scene.run.until("a loss", () => scene.run.metric("recorder_losses_total") === 1);
    expect(await scene.run.close()).toEqual([]);
    expect(look(clipPath!).durationSec).toBeWithin(1.5, 4);
    expect(scene.run.metric("partial_total")).toBe(1);
  }, 30_000);

  test("writes the part that was recorded when the run ends before the clip does", async () => {
    const scene = await setup({ post_sec: 4 });
    await scene.recorded(3);
    const clipPath = await scene.run.hear(event());
    await scene[Symbol.asyncDispose]();
    expect(look(clipPath!).durationSec).toBeWithin(1.8, 4);
    expect(scene.run.metric("partial_total")).toBe(1);
  }, 30_000);

  test("gives the clip that is there, or on its way, to an event that comes again", async () => {
    await using scene = await setup({ post_sec: 0.5 });
    await scene.recorded(3);
    const heard = event();
    const first = await scene.run.hear(heard);
    await scene.run.notice();
    expect(await scene.run.hear(heard)).toBe(first);
    expect(scene.run.node.metrics!()).toMatchObject({ repeated_total: 1, written_total: 1, running_clips: 0 });
  }, 30_000);

  test("gives no clip to events beyond max_pending, and counts them", async () => {
    await using scene = await setup({ max_pending: 2, max_sec: 4, pre_sec: 0, post_sec: 4 });
    await scene.recorded(1);
    const at = (track_id: number, ms: number) =>
      event({ ts: new Date(Date.now() + ms).toISOString(), payload: { track_id } });
    // Of times too far apart for one clip.
    expect(await scene.run.hear(at(1, 0))).toBeString();
    expect(await scene.run.hear(at(2, 5_000))).toBeString();
    expect(await scene.run.hear(at(3, 60_000))).toBeNull();
    expect(scene.run.metric("dropped_too_many_total")).toBe(1);
  }, 30_000);

  test("says of an event of yesterday that nothing was recorded then", async () => {
    await using scene = await setup();
    await scene.recorded(1);
    await scene.run.hear(event({ ts: "2020-01-01T00:00:00Z" }));
    const notice = await scene.run.notice();
    expect(notice).toMatchObject({
      status: "failed",
      reason: expect.stringContaining("there is no footage of its time"),
    });
    expect(fs.existsSync(notice.clip_path)).toBe(false);
  }, 30_000);

  test("keeps its buffer within buffer_bytes, also under a clip that needs more", async () => {
    // A second of the clip is some 90 kB.
    await using scene = await setup({ buffer_bytes: 300_000, post_sec: 4 });
    await scene.recorded(2);
    await scene.run.hear(event());
    await scene.run.until("too little room", () => scene.run.metric("dropped_buffer_full_total") > 0);
    expect(scene.run.metric("buffered_bytes")).toBeLessThanOrEqual(300_000);
    expect(await scene.run.notice()).toMatchObject({ status: "written", whole: false });
  }, 30_000);

  test("does not let its caller wait", async () => {
    await using scene = await setup();
    expect(scene.run.hand(event(), "events")).toBeUndefined();
  });

  test("tells the password nowhere", async () => {
    const login = { scheme: "digest", user: "admin", password: "hunter22" } as const;
    const server = await rtspServer({ clip: yard, login });
    const base = path.join(folder.path, String(runs++));
    fs.mkdirSync(base);
    const record = server.url.replace("//", "//admin:hunter22@");
    const run = await clipRun(base, { record });
    await run.until("a recording", () => run.metric("buffered_files") > 0);
    await run.close();
    const wrong = await clipRun(base, { record: record.replace("22@", "23@") });
    await wrong.until("a refusal", () => wrong.logged.some(({ fields }) => fields?.reason === "password"));
    await wrong.close();
    await server.close();
    expect(JSON.stringify([run.logged, wrong.logged])).not.toContain("hunter");
  }, 30_000);
});

test("clip_sink refuses addresses that it cannot record, and times that do not fit", () => {
  const issues = (config: object) =>
    clipSink.check({ pre_sec: 5, post_sec: 10, max_sec: 60, ...config }).map(({ path: [key] }) => key);
  expect(issues({ record: "rtsp://127.0.0.1/yard" })).toEqual([]);
  expect(issues({ record: "http://127.0.0.1/yard" })).toEqual(["record"]);
  expect(issues({ record: "street.mp4" })).toEqual([]);
  expect(issues({ max_sec: 14 })).toEqual(["max_sec"]);
});

import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { findFfmpeg } from "../../../src/media/index.ts";
import { type FrameSlot, ownMemory } from "../../../src/packet/index.ts";
import { virtualClock } from "../../support/clock.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { makeClip } from "../../support/video_clips.ts";
import { brightness, clipRun, event, frame, look, pictureSums } from "./clip_run.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());

const at = (sec: number) => new Date(Date.UTC(2026, 0, 1, 6) + sec * 1_000).toISOString();
/** A tenth of a second's frame is as bright as twice its number. */
const shadeAt = (sec: number) => Math.round(sec * 20);

let runs = 0;

async function setup(config: Record<string, unknown> = {}, changes: Parameters<typeof clipRun>[2] = {}) {
  const base = path.join(folder.path, String(runs++));
  fs.mkdirSync(base);
  const run = await clipRun(base, { pre_sec: 2, post_sec: 3, max_sec: 6, h264: "never", ...config }, changes);
  return {
    base,
    run,
    /** Frames from one moment to the next, ten a second, as fast as they are encoded. */
    async play(fromSec: number, toSec: number, source_id = "cam01") {
      for (let tenth = Math.round(fromSec * 10); tenth < Math.round(toSec * 10); tenth++) {
        const before = run.metric("buffered_frames");
        await run.see(frame({ ts: at(tenth / 10), shade: shadeAt(tenth / 10), source_id }));
        await run.until("it is kept", () => run.metric("buffered_frames") > before);
      }
    },
    [Symbol.asyncDispose]: async () => expect(await run.close()).toEqual([]),
  };
}

describe("clip_sink without record", () => {
  test("makes a clip of the frames around the event, each at its time", async () => {
    await using scene = await setup();
    await scene.play(0, 5);
    const clipPath = await scene.run.hear(event({ ts: at(4) }));
    expect(clipPath).toBe(path.join(scene.base, "clips/S001/cam01/2026-01-01T06_00_04_000Z_7.mkv"));
    await scene.play(5, 9);
    const notice = await scene.run.notice();
    expect(notice).toMatchObject({ status: "written", whole: true, start_ts: at(2), codec: "mjpeg" });
    expect(look(clipPath!)).toMatchObject({ codecs: { video: "mjpeg" }, size: { width: 64, height: 48 } });
    expect(look(clipPath!).durationSec).toBeWithin(4.9, 5.2);
    const shades = brightness(clipPath!);
    expect(shades.length).toBe(51);
    for (const [tenth, shade] of shades.entries()) expect(Math.abs(shade - shadeAt(2 + tenth / 10))).toBeLessThan(4);
  }, 20_000);

  test("makes H.264 of them where the ffmpeg at hand can, and MJPEG where it cannot", async () => {
    // Debian's, whatever else is there.
    await using can = await setup({ h264: "auto", ffmpeg: Bun.which("ffmpeg") });
    await can.play(0, 1);
    const h264 = await can.run.hear(event({ ts: at(0.5) }));
    await can.run.close();
    expect(look(h264!).codecs).toEqual({ video: "h264" });
    expect(brightness(h264!).length).toBe(10);
    const without = async (configured?: string) => ({ ...(await findFfmpeg(configured)), can: () => false });
    const cannot = await setup({ h264: "auto" }, { ffmpeg: without });
    await cannot.play(0, 1);
    const mjpeg = await cannot.run.hear(event({ ts: at(0.5) }));
    await cannot.run.close();
    expect(mjpeg).toEndWith(".mkv");
    expect(look(mjpeg!).codecs).toEqual({ video: "mjpeg" });
  }, 20_000);

  test("keeps fps frames a second, of each source on its own", async () => {
    await using scene = await setup({ fps: 5 });
    for (let tenth = 0; tenth < 20; tenth++) {
      for (const source_id of ["cam01", "cam02"]) {
        await scene.run.see(frame({ ts: at(tenth / 10), shade: source_id === "cam01" ? 10 : 200, source_id }));
      }
      await scene.run.until("kept", () => scene.run.metric("buffered_frames") === 2 * (Math.floor(tenth / 2) + 1));
    }
    const first = await scene.run.hear(event({ ts: at(1), source_id: "cam01" }));
    const second = await scene.run.hear(event({ ts: at(1), source_id: "cam02", payload: { track_id: 8 } }));
    expect(await scene.run.hear(event({ ts: at(1), source_id: "cam03" }))).toBeNull();
    expect(scene.run.metric("dropped_no_time_total")).toBe(1);
    await scene.run.close();
    for (const [file, shade] of [
      [first, 10],
      [second, 200],
    ] as const) {
      const shades = brightness(file!);
      expect(shades.length).toBe(10);
      expect(Math.max(...shades.map((each) => Math.abs(each - shade)))).toBeLessThan(4);
    }
  }, 20_000);

  test("keeps frames within buffer_bytes and counts those that a clip would have needed", async () => {
    await using scene = await setup({ buffer_bytes: 12_000, max_sec: 60, post_sec: 30 });
    await scene.play(0, 0.5);
    await scene.run.hear(event({ ts: at(0.4) }));
    for (let tenth = 5; tenth < 60; tenth++) {
      await scene.run.see(frame({ ts: at(tenth / 10) }));
      await Bun.sleep(2);
    }
    expect(scene.run.metric("buffered_bytes")).toBeWithin(8_000, 12_001);
    expect(scene.run.metric("dropped_buffer_full_total")).toBeGreaterThan(10);
  }, 20_000);

  test("neither waits for the encoder nor keeps the frame, and counts what it was too busy for", async () => {
    await using scene = await setup({ fps: 60 });
    let held = 0;
    for (let at60 = 0; at60 < 30; at60++) {
      const memory = new SharedArrayBuffer(1_280 * 720);
      const slot: FrameSlot = { retain: () => void held++, release: () => void held-- };
      ownMemory(memory, slot);
      const payload = {
        width: 1_280,
        height: 720,
        format: "gray",
        stride: 1_280,
        data: new Uint8Array(memory),
        frame_idx: 0,
      };
      expect(scene.run.hand(frame({ ts: at(at60 / 30), payload }), "frames")).toBeUndefined();
    }
    expect(held).toBe(0);
    // All came at once: four are being encoded.
    expect(scene.run.metric("dropped_encoder_busy_total")).toBe(26);
  }, 20_000);

  test("ends a clip after 30 s without a further frame", async () => {
    const clock = virtualClock();
    await using scene = await setup({}, { clock });
    await scene.play(0, 1);
    const clipPath = await scene.run.hear(event({ ts: at(0.5) }));
    clock.advance(29_000);
    expect(scene.run.metric("running_clips")).toBe(1);
    clock.advance(1_000);
    expect(scene.run.metric("running_clips")).toBe(0);
    await scene.run.until("it is written", () => scene.run.metric("written_total") === 1);
    expect(brightness(clipPath!).length).toBe(10);
    expect(scene.run.metric("partial_total")).toBe(1);
    expect(clock.pending).toBe(0);
  }, 20_000);
});

describe("clip_sink with a video file", () => {
  // A key frame each second, ten pictures a second.
  const codec = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "10", "-bf", "2"];
  const video = makeClip(folder.path, "street.mp4", { frames: 200, codec });

  const seen = (posMsec: number) => frame({ ts: at(posMsec / 1_000), meta: { pos_msec: posMsec } });
  const heard = (posMsec: number) => {
    const meta = { idempotency_key: `event:${posMsec}`, pos_msec: posMsec };
    return event({ ts: at(posMsec / 1_000), meta });
  };

  test("cuts the clip out of it without encoding, from the key frame before", async () => {
    await using scene = await setup({ record: video });
    await scene.run.see(seen(9_500));
    const clipPath = await scene.run.hear(heard(9_500));
    await scene.run.see(seen(12_400));
    expect(scene.run.metric("running_clips")).toBe(1);
    await scene.run.see(seen(12_500));
    const notice = await scene.run.notice();
    expect(notice).toMatchObject({ status: "written", whole: true, codec: "h264", clip_path: clipPath });
    // 7.5 to 12.5, from the key frame at 7; pictures that are sent before their time end it a little late.
    expect(look(clipPath!).durationSec).toBeWithin(5.4, 6);
    const all = pictureSums(video);
    expect(pictureSums(clipPath!).slice(0, 55)).toEqual(all.slice(70, 125));
  }, 20_000);

  test("knows when the video begins again, and what an event without a place is", async () => {
    await using scene = await setup({ record: video });
    await scene.run.see(seen(19_000));
    const last = await scene.run.hear(heard(19_000));
    await scene.run.see(seen(0));
    expect(await scene.run.notice()).toMatchObject({ clip_path: last, whole: false });
    expect(await scene.run.hear(event({ ts: at(20) }))).toBeNull();
    expect(scene.run.metric("dropped_no_time_total")).toBe(1);
  }, 20_000);

  test("is refused when there is no such file", async () => {
    expect(setup({ record: "absent.mp4" })).rejects.toThrow(
      /cannot cut clips from .*absent\.mp4: there is no such file/,
    );
  });
});

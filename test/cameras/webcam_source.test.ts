import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { findFfmpeg } from "../../src/media/index.ts";
import { webcamSource } from "../../src/nodes/video/webcam_source.ts";
import { alive, CameraRun } from "../support/camera_run.ts";
import { temporaryFolder } from "../support/folder.ts";

const QUICK = { stall_sec: 2, first_frame_sec: 2, reconnect_backoff_sec: 0.1, reconnect_backoff_max_sec: 0.5 };
/** Everything behind the input of ffmpeg's arguments, as the node wrote it. */
const BEHIND_INPUT = 'while [ "$1" != -i ]; do shift; done; shift 2';
const PICTURES = 'exec ffmpeg -hide_banner -nostats -loglevel level+info -re -f lavfi -i testsrc2=s=64x48:r=20 "$@"';

/** A run whose ffmpeg is a shell script of the test; no machine that tests has a webcam. */
function scripted(script: string, config: Record<string, unknown> = {}) {
  const folder = temporaryFolder();
  const file = path.join(folder.path, "ffmpeg");
  fs.writeFileSync(file, `#!/bin/sh\ncd ${folder.path}\n${script}\n`, { mode: 0o755 });
  const ffmpeg = async () => ({ ...(await findFfmpeg()), file });
  const start = () => new CameraRun(webcamSource, { ...QUICK, ...config }, { ffmpeg });
  const runs = [start()];
  return {
    run: runs[0]!,
    folder: folder.path,
    /** Another graph with the same device. */
    another() {
      const run = start();
      runs.push(run);
      return run;
    },
    async [Symbol.asyncDispose]() {
      for (const run of runs) await run[Symbol.asyncDispose]();
      expect(runs.flatMap(({ pids }) => pids).filter(alive)).toEqual([]);
      folder[Symbol.dispose]();
    },
  };
}

const says = (...lines: string[]) => lines.map((line) => `echo '[error] ${line}' >&2`).join("\n");
const MISSING = says("/dev/video0: No such file or directory");

describe("webcam_source", () => {
  test("asks for the device as this system names it, and gives its pictures", async () => {
    const config = {
      camera_index: 0,
      capture_size: "640x480",
      capture_fps: 15,
      capture_format: "mjpeg",
      system: "v4l2",
    };
    await using camera = scripted(`echo "$@" > asked\n${BEHIND_INPUT}\n${PICTURES}`, config);
    await camera.run.until("pictures", () => camera.run.packets.length >= 3);
    expect(camera.run.packets[0]).toMatchObject({ kind: "frame", meta: { frame_idx: 0, epoch: 1, camera_index: 0 } });
    expect(fs.readFileSync(path.join(camera.folder, "asked"), "utf8")).toContain(
      "-f v4l2 -framerate 15 -video_size 640x480 -input_format mjpeg -i /dev/video0",
    );
  });

  test("says once that the device is missing, and finds it when it is plugged in", async () => {
    await using camera = scripted(`[ -e plugged ] || { ${MISSING}; exit 1; }\n${BEHIND_INPUT}\n${PICTURES}`);
    await camera.run.until("three tries", () => camera.run.metric("ffmpeg_starts_total") >= 3);
    expect(camera.run.logged.filter(({ level }) => level === "warn")).toHaveLength(1);
    expect(camera.run.logged.at(-1)!.fields).toMatchObject({ reason: "missing", camera: "/dev/video0" });
    fs.writeFileSync(path.join(camera.folder, "plugged"), "");
    await camera.run.until("pictures", () => camera.run.packets.length >= 1);
  });

  test("outlives a device that is pulled out, and goes on with its numbers", async () => {
    // ffmpeg's own words: the next read fails, and from then on there is no such device.
    const pulled = `${says("ioctl(VIDIOC_DQBUF): No such device")}\nexit 1`;
    await using camera = scripted(
      `${BEHIND_INPUT}\ncase $(cat turn 2>/dev/null) in
      '') echo out > turn; ffmpeg -hide_banner -loglevel level+info -f lavfi -i testsrc2=s=64x48:d=0.2 "$@"; ${pulled};;
      out) echo back > turn; ${MISSING}; exit 1;;
      *) ${PICTURES};; esac`,
    );
    await camera.run.until("pictures again", () => camera.run.packets.at(-1)?.meta.epoch === 2);
    const numbers = camera.run.packets.map(({ meta }) => meta.frame_idx as number);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test("of two graphs with one device the second waits until the first has left it", async () => {
    const lock = `exec 9> lock; flock -n 9 || { ${says("/dev/video0: Device or resource busy")}; exit 1; }`;
    await using camera = scripted(`${lock}\n${BEHIND_INPUT}\n${PICTURES}`);
    await camera.run.until("pictures", () => camera.run.packets.length >= 1);
    const second = camera.another();
    await second.lost("busy");
    expect(second.packets).toEqual([]);
    await camera.run[Symbol.asyncDispose]();
    await second.until("pictures", () => second.packets.length >= 1);
  });

  test("tries again, and counts it, when ffmpeg crashes, ends at once without a word, or hangs", async () => {
    for (const [script, reason] of [
      ["kill -SEGV $$", "crashed"],
      ["exit 0", "ended"],
      ["exec sleep 1000", "stalled"],
    ] as const) {
      await using camera = scripted(script);
      await camera.run.lost(reason);
      await camera.run.until("a second try", () => camera.run.metric("ffmpeg_starts_total") >= 2);
      expect(camera.run.error).toBeUndefined();
    }
  }, 30_000);

  test("is not filled by an ffmpeg that prints gigabytes to stderr", async () => {
    await using camera = scripted("exec yes '[error] the same thing again and again' >&2");
    const before = process.memoryUsage.rss();
    await camera.run.until("a second try", () => camera.run.metric("ffmpeg_starts_total") >= 2);
    expect((process.memoryUsage.rss() - before) / 1024 ** 2).toBeLessThan(150);
    expect(camera.run.text().length).toBeLessThan(5_000);
  }, 30_000);
});

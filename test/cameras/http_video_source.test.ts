import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { httpVideoSource } from "../../src/nodes/video/http_video_source.ts";
import { alive, CameraRun } from "../support/camera_run.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "http-video-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const QUICK = { timeout_sec: 1.5, stall_sec: 3, first_frame_sec: 10, probe_sec: 1, reconnect_backoff_sec: 0.3 };

function ffmpeg(...args: string[]): Uint8Array {
  const made = Bun.spawnSync(["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", ...args], { cwd: folder });
  if (!made.success) throw new Error(`ffmpeg: ${made.stderr}`);
  return made.stdout;
}

/** An MJPEG camera as they are: parts for ever, a password for who asks. `cut` breaks every connection. */
function mjpegCamera(authorization?: string) {
  const jpeg = ffmpeg("-i", "testsrc2=s=160x90", "-frames:v", "1", "-f", "mjpeg", "-");
  const head = `--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`;
  const part = Buffer.concat([Buffer.from(head), jpeg, Buffer.from("\r\n")]);
  const open = new Set<ReadableStreamDefaultController>();
  const timer = setInterval(() => {
    for (const stream of open) stream.enqueue(part);
  }, 50);
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      if (authorization !== undefined && request.headers.get("authorization") !== authorization) {
        return new Response("", { status: 401, headers: { "www-authenticate": 'Basic realm="yard"' } });
      }
      let own: ReadableStreamDefaultController;
      const body = new ReadableStream({
        start(stream) {
          own = stream;
          open.add(stream);
        },
        cancel: () => void open.delete(own),
      });
      return new Response(body, { headers: { "content-type": "multipart/x-mixed-replace; boundary=frame" } });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}/video.mjpg`,
    cut() {
      for (const stream of [...open]) {
        open.delete(stream);
        stream.close();
      }
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      server.stop(true);
    },
  };
}

describe("http_video_source", () => {
  test("gives the pictures of an MJPEG camera, and comes back when it breaks off", async () => {
    using camera = mjpegCamera();
    const run = new CameraRun(httpVideoSource, { ...QUICK, url: camera.url });
    await run.until("pictures", () => run.packets.length >= 3);
    expect(run.packets[0]!.payload).toMatchObject({ width: 160, height: 90 });
    camera.cut();
    await run.until("pictures again", () => run.packets.at(-1)!.meta.epoch === 2);
    await run[Symbol.asyncDispose]();
    expect(run.pids.filter(alive)).toEqual([]);
  }, 30_000);

  test("logs in, and tells a wrong password without telling it", async () => {
    using camera = mjpegCamera(`Basic ${btoa("admin:hunter22")}`);
    await using right = new CameraRun(httpVideoSource, {
      ...QUICK,
      url: camera.url,
      user: "admin",
      password: "hunter22",
    });
    await right.until("pictures", () => right.packets.length >= 1);
    await using wrong = new CameraRun(httpVideoSource, {
      ...QUICK,
      url: camera.url,
      user: "admin",
      password: "hunter23",
    });
    await wrong.lost("password");
    expect(right.text() + wrong.text()).not.toContain("hunter2");
  }, 30_000);

  test("gives the pictures of an HLS playlist", async () => {
    ffmpeg(
      ...["-i", "testsrc2=s=160x90:r=10:d=4", "-c:v", "libx264", "-g", "10", "-hls_time", "1"],
      ...["-hls_list_size", "0", "live.m3u8"],
    );
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => new Response(Bun.file(path.join(folder, path.basename(new URL(request.url).pathname)))),
    });
    const url = `http://127.0.0.1:${server.port}/live.m3u8`;
    await using run = new CameraRun(httpVideoSource, { ...QUICK, url, max_frames: 20 });
    await run.until("twenty pictures", () => run.packets.length >= 20);
    const numbers = run.packets.map(({ meta }) => meta.frame_idx as number);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    // The newest picture wins where this machine is late, and what it cost is counted.
    expect(numbers.at(-1)! - 19).toBeLessThanOrEqual(run.metric("dropped_not_taken_total"));
  }, 30_000);
});

import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as v from "valibot";
import { spawnChild } from "../../../src/cli/spawn_child.ts";
import { findFfmpeg } from "../../../src/media/index.ts";
import type { Child, SourceInstance, Spawn, SpawnOptions } from "../../../src/node/index.ts";
import { videoFile } from "../../../src/nodes/video/video_file.ts";
import type { Frame, StreamPacket } from "../../../src/packet/index.ts";
import { testContext } from "../../support/node.ts";
import { makeClip } from "../../support/video_clips.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "video-file-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
makeClip(folder, "clip.mp4", { frames: 10 });

const never = new AbortController().signal;

function open(config: Record<string, unknown> = {}, { spawn = spawnChild }: { spawn?: Spawn } = {}) {
  const context = { ...testContext({ base: folder, nodeId: "cam" }), spawn, ffmpeg: findFfmpeg };
  const options = v.parse(videoFile.config, { path: "clip.mp4", start_ts: "2026-01-01T00:00:00Z", ...config });
  return { context, source: videoFile.create(options, context) as SourceInstance };
}

/** Takes packets as the engine does, each done before the next. */
async function take(source: SourceInstance, signal = never) {
  const packets: StreamPacket<Frame>[] = [];
  for await (const packet of source.run(signal) as AsyncIterable<StreamPacket<Frame>>) {
    packets.push(packet);
    source.ack!(packet);
  }
  await source.close!();
  return packets;
}

const fields = ({ ts, meta: { frame_idx, pos_msec } }: StreamPacket) => [ts.slice(17), frame_idx, pos_msec];

test("video_file numbers its frames and gives each its time", async () => {
  const packets = await take(open().source);
  expect(packets.map(fields).slice(0, 3)).toEqual([
    ["00.000000Z", 0, 0],
    ["00.100000Z", 1, 100],
    ["00.200000Z", 2, 200],
  ]);
  expect(packets).toHaveLength(10);
  expect(packets[3]).toMatchObject({ kind: "frame", source_id: "cam", meta: { idempotency_key: "frame:cam:3" } });
  expect(packets[3]!.payload).toMatchObject({ width: 64, height: 48, format: "bgr24", stride: 192, frame_idx: 3 });
});

test("video_file goes on counting when it begins again, and so do its times", async () => {
  const packets = await take(open({ loop: true, max_frames: 23 }).source);
  expect(packets.map(fields).slice(9, 12)).toEqual([
    ["00.900000Z", 9, 900],
    ["01.000000Z", 10, 0],
    ["01.100000Z", 11, 100],
  ]);
  expect(fields(packets[22]!)).toEqual(["02.200000Z", 22, 200]);
});

test("video_file goes on where ffmpeg was killed when it is started again, each frame once", async () => {
  makeClip(folder, "long.mkv", { size: "320x240", codec: ["-c:v", "ffv1"], frames: 40 });
  const children: Child[] = [];
  const spawn = (options: SpawnOptions) => {
    children.push(spawnChild(options));
    return children.at(-1)!;
  };
  const { source } = open({ path: "long.mkv", frames: 2 }, { spawn });
  const packets: StreamPacket[] = [];
  const run = async () => {
    for await (const packet of source.run(never) as AsyncIterable<StreamPacket>) {
      packets.push(packet);
      source.ack!(packet);
      if (packets.length === 5) children[0]!.kill();
    }
  };
  expect(await run().catch((error: Error) => error.message)).toContain("SIGKILL");
  const before = packets.length;
  await run();
  await source.close!();
  expect(before).toBeLessThan(40);
  expect(packets.map(({ meta }) => meta.frame_idx)).toEqual(Array.from({ length: 40 }, (_, at) => at));
  expect(source.metrics!()).toMatchObject({ frames_total: 40, skipped_total: 0, frames_held: 0 });
});

test("video_file begins a part of a video again where the part begins", async () => {
  const packets = await take(open({ loop: true, max_frames: 5, start_sec: 0.3, end_sec: 0.6 }).source);
  expect(packets.map(fields)).toEqual([
    ["00.300000Z", 0, 300],
    ["00.400000Z", 1, 400],
    ["00.500000Z", 2, 500],
    ["00.600000Z", 3, 300],
    ["00.700000Z", 4, 400],
  ]);
});

test("video_file takes the clock's time when it is told to", async () => {
  const { source, context } = open({ time: "clock" });
  const now = new Date(context.clock.nowMs()).toISOString();
  expect((await take(source)).map(({ ts }) => ts)).toEqual(Array(10).fill(now));
});

test("video_file at real time gives each frame when it is due", async () => {
  const { source, context } = open({ pace: "real_time" });
  const startMs = context.clock.monotonicMs();
  const dueMs: number[] = [];
  const frames = (source.run(never) as AsyncIterable<StreamPacket>)[Symbol.asyncIterator]();
  for (let at = 0; at < 10; at++) {
    const next = frames.next();
    let given = false;
    void next.then(() => {
      given = true;
    });
    // Real ffmpeg, virtual time: time stands still until the frame is here and waits for its moment.
    while (!given) {
      if (context.clock.pending > 0) context.clock.advance(1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    dueMs.push(context.clock.monotonicMs() - startMs);
    source.ack!((await next).value);
  }
  await source.close!();
  expect(dueMs).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
});

describe("video_file's memory", () => {
  test("is used again when a packet is done or has failed, and not before", async () => {
    const { source } = open({ frames: 2 });
    const frames = (source.run(never) as AsyncIterable<StreamPacket<Frame>>)[Symbol.asyncIterator]();
    const [a, b] = [(await frames.next()).value, (await frames.next()).value];
    expect(source.metrics!()).toMatchObject({ frames_held: 2 });
    const waiting = frames.next();
    source.nack!(a, "failed", undefined as never);
    const third = (await waiting).value;
    expect(third.payload.data.buffer).toBe(a.payload.data.buffer);
    expect(third.payload.data.buffer).not.toBe(b.payload.data.buffer);
    await source.close!();
  });

  test("is shared with workers", async () => {
    const [packet] = await take(open({ max_frames: 1 }).source);
    expect(packet!.payload.data.buffer).toBeInstanceOf(SharedArrayBuffer);
  });
});

test("video_file stops when it is told to", async () => {
  const abort = new AbortController();
  const { source } = open({ loop: true });
  let seen = 0;
  for await (const packet of source.run(abort.signal) as AsyncIterable<StreamPacket>) {
    source.ack!(packet);
    if (++seen === 15) abort.abort();
  }
  await source.close!();
  expect(seen).toBe(15);
});

test.each([
  [{ start_ts: "yesterday" }, "start_ts"],
  [{ start_sec: 3, end_sec: 2 }, "end_sec"],
  [{ path: "rtsp://127.0.0.1/yard" }, "path"],
  [{ fps: 5, every_n: 2 }, "every_n"],
  [{ fit: "inside", width: 5 }, "fit"],
])("video_file refuses %p", (config, key) => {
  const options = v.parse(videoFile.config, { path: "clip.mp4", ...config });
  expect(videoFile.check(options).map(({ path }) => path)).toEqual([[key]]);
});

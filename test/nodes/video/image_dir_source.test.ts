import { afterAll, beforeEach, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as v from "valibot";
import { decodePicture } from "../../../src/media/index.ts";
import type { SourceInstance } from "../../../src/node/index.ts";
import { imageDirSource } from "../../../src/nodes/video/image_dir_source.ts";
import type { Frame, StreamPacket } from "../../../src/packet/index.ts";
import { testContext } from "../../support/node.ts";
import { ffmpeg } from "../../support/video_clips.ts";

const base = fs.mkdtempSync(path.join(os.tmpdir(), "image-dir-"));
const folder = path.join(base, "shots");
afterAll(() => fs.rmSync(base, { recursive: true, force: true }));
beforeEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder);
});

function picture(name: string, size = "16x8", ...flags: string[]) {
  const file = path.join(folder, name);
  ffmpeg("-f", "lavfi", "-i", `testsrc2=size=${size}`, "-frames:v", "1", ...flags, file);
  return file;
}

function open(config: Record<string, unknown> = {}) {
  const context = testContext({ base, nodeId: "cam" });
  const options = v.parse(imageDirSource.config, { path: "shots", ...config });
  return { context, source: imageDirSource.create(options, context) as SourceInstance };
}

async function take(source: SourceInstance) {
  const packets: StreamPacket<Frame>[] = [];
  for await (const packet of source.run(new AbortController().signal) as AsyncIterable<StreamPacket<Frame>>) {
    packets.push({ ...packet, payload: { ...packet.payload, data: packet.payload.data.slice() } });
    source.ack!(packet);
  }
  return packets;
}

test("image_dir_source reads pictures in the order of their names, numbers as numbers", async () => {
  for (const name of ["shot10.png", "shot2.jpg", "shot1.bmp", "shot3.webp"]) picture(name);
  fs.writeFileSync(path.join(folder, "notes.txt"), "no picture");
  const packets = await take(open({ fps: 2 }).source);
  expect(packets.map(({ meta }) => [meta.file, meta.frame_idx, meta.pos_msec])).toEqual([
    ["shot1.bmp", 0, 0],
    ["shot2.jpg", 1, 500],
    ["shot3.webp", 2, 1_000],
    ["shot10.png", 3, 1_500],
  ]);
});

test.each(["bgr24", "rgb24", "gray", "gbrp"])(
  "image_dir_source gives the pixels of a picture as %s",
  async (format) => {
    const file = picture("one.png", "17x9", "-pix_fmt", "rgb24");
    const [packet] = await take(open({ format }).source);
    const expected = ffmpeg("-i", file, "-pix_fmt", format, "-f", "rawvideo", "-");
    const off = packet!.payload.data.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[at]!)), 0);
    expect(packet!.payload.data).toHaveLength(expected.length);
    // Grey is weighted here and there with other rounding.
    expect(off).toBeLessThanOrEqual(format === "gray" ? 2 : 0);
  },
);

test("image_dir_source sets aside what is no picture and goes on", async () => {
  fs.writeFileSync(path.join(folder, "a.jpg"), "text");
  picture("b.jpg");
  fs.writeFileSync(path.join(folder, "c.png"), "");
  const { source, context } = open();
  expect((await take(source)).map(({ meta }) => meta.file)).toEqual(["b.jpg"]);
  expect(context.rejected.map(({ record }) => record)).toEqual([{ file: "shots/a.jpg" }, { file: "shots/c.png" }]);
  expect(context.rejected[0]!.reason).toStartWith("cannot decode shots/a.jpg: ");
  expect(source.metrics!()).toMatchObject({ frames_total: 1, rejected_total: 2 });
});

test("image_dir_source does not read a file that is larger than any picture", async () => {
  fs.writeFileSync(path.join(folder, "huge.png"), "");
  // Sparse: it takes no room on the disk.
  fs.truncateSync(path.join(folder, "huge.png"), 200 * 1024 ** 2);
  const { context, source } = open();
  expect(await take(source)).toEqual([]);
  expect(context.rejected.map(({ reason }) => reason)).toEqual([
    "cannot decode shots/huge.png: it has 209715200 bytes, and the bound is 134217728: an 8K picture as BMP has 100 MB",
  ]);
});

test("image_dir_source that watches takes a picture once it is written", async () => {
  picture("a.png");
  const { source, context } = open({ watch: true, time: "clock" });
  const abort = new AbortController();
  const packets = (source.run(abort.signal) as AsyncIterable<StreamPacket>)[Symbol.asyncIterator]();
  expect((await packets.next()).value.meta.file).toBe("a.png");
  const next = packets.next();
  const whole = fs.readFileSync(picture("../later.png", "32x32"));
  const growing = path.join(folder, "b.png");
  const look = async () => {
    while (context.clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
    context.clock.advance(500);
  };
  fs.writeFileSync(growing, whole.subarray(0, 100));
  await look();
  fs.writeFileSync(growing, whole);
  await look();
  await look();
  expect((await next).value.meta.file).toBe("b.png");
  expect(context.rejected).toEqual([]);
  abort.abort();
});

test("image_dir_source takes the time at which a picture was written when it is told to", async () => {
  const file = picture("a.png");
  fs.utimesSync(file, 1_767_225_600, 1_767_225_600.25);
  expect((await take(open({ time: "modified" }).source))[0]!.ts).toBe("2026-01-01T00:00:00.250000Z");
});

test("image_dir_source has at most `frames` pictures in memory, also when each has another size", async () => {
  const files = ["16x8", "8x16", "16x16", "8x8"].map((size, at) => picture(`${at}.png`, size));
  const { source } = open({ frames: 2 });
  const stop = new AbortController();
  const running = (source.run(stop.signal) as AsyncIterable<StreamPacket>)[Symbol.asyncIterator]();
  const first = (await running.next()).value as StreamPacket;
  await running.next();
  let came = false;
  const third = running.next().then((step) => {
    came = true;
    return step;
  });
  // What a picture takes that has a place, several times over.
  for (const file of files) await decodePicture(fs.readFileSync(file));
  expect([came, source.metrics!().frames_held]).toEqual([false, 2]);
  source.nack!(first, "too late", {} as never);
  expect((await third).done).toBe(false);
  const fourth = running.next();
  stop.abort();
  expect((await fourth).done).toBe(true);
});

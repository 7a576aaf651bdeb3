import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { spawnChild } from "../../src/cli/spawn_child.ts";
import {
  type DecodedFrame,
  type Decoder,
  type DecodeSpec,
  FramePool,
  findFfmpeg,
  openDecoder,
} from "../../src/media/index.ts";
import type { Child, Ffmpeg, SpawnOptions } from "../../src/node/index.ts";
import { ffmpeg, makeClip, turnClip } from "../support/video_clips.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "decoder-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const FORMATS = ["bgr24", "rgb24", "gray", "gbrp", "yuv420p", "nv12"] as const;
const clip = makeClip(folder, "clip.mp4");
const odd = makeClip(folder, "odd.mkv", { size: "17x13", codec: ["-c:v", "ffv1"], frames: 5 });

type Options = Partial<DecodeSpec> & { signal?: AbortSignal; children?: Child[]; argv?: string[]; found?: Ffmpeg };

function open(file: string, { signal = new AbortController().signal, children = [], ...rest }: Options = {}) {
  const { argv = [], found, ...spec } = rest;
  const spawn = (options: SpawnOptions) => {
    const child = spawnChild(options);
    children.push(child);
    argv.push(...options.argv);
    return child;
  };
  const whole = { input: ["-i", file], name: path.basename(file), format: "bgr24", frames: 4, live: false, ...spec };
  const find = found === undefined ? findFfmpeg : async () => found;
  return openDecoder({ spawn, ffmpeg: find }, whole as DecodeSpec, signal);
}

/** Every frame, with a copy of its pixels; each slot is given back before the next frame. */
async function decodeAll(file: string, options: Options = {}) {
  const argv: string[] = [];
  const decoder = await open(file, { ...options, argv });
  const frames: { index: number; posMs: number; data: Uint8Array }[] = [];
  for await (const { index, posMs, slot } of decoder.frames()) {
    frames.push({ index, posMs, data: slot.data.slice() });
    slot.release();
  }
  await decoder.close();
  return {
    decoder,
    frames,
    argv,
    info: decoder.info,
    times: frames.map(({ posMs }) => Math.round(posMs * 1_000) / 1_000),
  };
}

const pixels = (frames: readonly { data: Uint8Array }[]) => Buffer.concat(frames.map(({ data }) => data));
const raw = (file: string, format: string, ...filter: string[]) =>
  Buffer.from(ffmpeg("-i", file, ...filter, "-fps_mode", "passthrough", "-pix_fmt", format, "-f", "rawvideo", "-"));

describe("openDecoder() gives", () => {
  for (const format of FORMATS) {
    test(`in ${format} the very bytes of ffmpeg, also of pictures with odd sides`, async () => {
      for (const file of [clip, odd]) {
        const { frames } = await decodeAll(file, { format });
        expect(pixels(frames).equals(raw(file, format))).toBe(true);
      }
    });
  }

  test("the same pictures at the same times by an ffmpeg that writes them in a thread and by one that cannot", async () => {
    const file = makeClip(folder, "threaded.mp4", { filter: "settb=1/90000,setpts=N*N*9000", frames: 20 });
    const answers = [];
    for (const threaded of [true, false]) {
      const found = await findFfmpeg();
      // Version 7 writes in a thread of its own and is not asked for another.
      const version = { ...found.version, major: Math.min(found.version.major, 6) };
      const can: typeof found.can = (what, name) => (name === "fifo" ? threaded : found.can(what, name));
      const { frames, times, argv } = await decodeAll(file, { found: { ...found, version, can } });
      expect(argv.includes("fifo")).toBe(threaded);
      answers.push({ times, pixels: pixels(frames) });
    }
    expect(answers[0]!.times).toHaveLength(20);
    expect(answers[0]).toEqual(answers[1]!);
  });

  test("what is known of the stream", async () => {
    const { info } = await decodeAll(clip, { changes: { size: { width: 32, fit: "stretch" } } });
    expect(info).toMatchObject({ width: 32, height: 24, format: "bgr24", fps: 10, codec: "h264", durationMs: 3_000 });
    expect(info.source).toEqual({ width: 64, height: 48, pixelFormat: "yuv420p" });
    expect(info.hasAudio).toBe(false);
  });

  test("the exact time of every picture where their distance changes", async () => {
    const file = makeClip(folder, "growing.mp4", { filter: "settb=1/90000,setpts=N*N*9000", frames: 8 });
    const { times } = await decodeAll(file);
    expect(times).toEqual([0, 1, 4, 9, 16, 25, 36, 49].map((tenths) => tenths * 100));
  });

  test("times of 30000/1001 pictures a second without a rounded step", async () => {
    const file = makeClip(folder, "ntsc.mp4", { fps: "30000/1001", frames: 30 });
    const { times, info } = await decodeAll(file);
    expect(times).toEqual(Array.from({ length: 30 }, (_, n) => Math.round((n * 1_001_000_000) / 30_000) / 1_000));
    expect(info.fps).toBeCloseTo(29.97, 3);
  });

  test("after a seek the first picture at or after the place, with its own time", async () => {
    const { times } = await decodeAll(clip, { input: ["-ss", "1.25", "-to", "1.75", "-i", clip] });
    expect(times).toEqual([1_300, 1_400, 1_500, 1_600, 1_700]);
  });

  test("the numbers of the stream when it keeps every n-th", async () => {
    const { frames } = await decodeAll(clip, { changes: { every: { n: 7, offset: 3 } } });
    expect(frames.map(({ index }) => index)).toEqual([3, 10, 17, 24]);
    const all = raw(clip, "bgr24");
    const bytes = 64 * 48 * 3;
    expect(
      pixels(frames).equals(Buffer.concat([3, 10, 17, 24].map((n) => all.subarray(n * bytes, (n + 1) * bytes)))),
    ).toBe(true);
  });

  test("an even choice for fewer pictures a second, and no doubles for more", async () => {
    const ofTen = async (fps: number) => (await decodeAll(clip, { changes: { fps } })).times;
    expect((await ofTen(4)).slice(0, 6)).toEqual([0, 300, 500, 800, 1_000, 1_300]);
    expect(await ofTen(10)).toHaveLength(30);
    expect(await ofTen(25)).toHaveLength(30);
  });

  test.each([
    ["crop", { crop: { x: 3, y: 5, width: 20, height: 11 } }, 20, 11],
    ["rotate", { rotate: 90 }, 48, 64],
    ["rotate 180", { rotate: 180 }, 64, 48],
    ["stretch", { size: { width: 30, height: 30, fit: "stretch" } }, 30, 30],
    ["inside", { size: { width: 32, height: 32, fit: "inside" } }, 32, 24],
    ["letterbox", { size: { width: 32, height: 32, fit: "letterbox" } }, 32, 32],
    [
      "crop, rotate and scale",
      { crop: { x: 0, y: 0, width: 40, height: 20 }, rotate: 270, size: { height: 80, fit: "stretch" } },
      40,
      80,
    ],
  ] as const)("pictures changed by %s", async (_what, changes, width, height) => {
    const { info, frames } = await decodeAll(clip, { changes: changes as never });
    expect([info.width, info.height, frames.length]).toEqual([width, height, 30]);
  });

  test("grey 114 around a letterboxed picture", async () => {
    const { frames } = await decodeAll(clip, { changes: { size: { width: 32, height: 32, fit: "letterbox" } } });
    // 32x24 in the middle: four rows above and below.
    const border = [...frames[0]!.data.subarray(0, 4 * 32 * 3), ...frames[0]!.data.subarray(28 * 32 * 3)];
    expect(border.every((value) => Math.abs(value - 114) <= 1)).toBe(true);
    expect(frames[0]!.data.subarray(4 * 32 * 3, 5 * 32 * 3).every((value) => Math.abs(value - 114) <= 1)).toBe(false);
  });

  test("pictures upright that were recorded on their side", async () => {
    const file = makeClip(folder, "phone.mp4");
    turnClip(file, 90);
    const { info } = await decodeAll(file);
    expect([info.width, info.height, info.rotation]).toEqual([48, 64, 90]);
  });
});

describe("a video whose pictures change their size", () => {
  const parts = [
    makeClip(folder, "small.ts", { frames: 15 }),
    makeClip(folder, "large.ts", { size: "128x96", frames: 15, startSec: 1.5 }),
  ];
  const file = path.join(folder, "changing.ts");
  fs.writeFileSync(file, Buffer.concat(parts.map((part) => fs.readFileSync(part))));

  test("is given in the size of the first", async () => {
    const { info, frames } = await decodeAll(file);
    expect([info.width, info.height, frames.length]).toEqual([64, 48, 30]);
    const large = raw(parts[1]!, "bgr24", "-vf", "scale=64:48:flags=bilinear");
    const off = pixels(frames.slice(15)).reduce((sum, value, at) => sum + Math.abs(value - large[at]!), 0);
    // Another scaler, a few values off; another picture is some 60 off.
    expect(off / large.length).toBeLessThan(10);
  });

  test.each([undefined, { x: 0, y: 0, width: 20, height: 20 }])(
    "keeps counting across the change, crop: %p",
    async (crop) => {
      const { frames, times } = await decodeAll(file, {
        changes: { every: { n: 4, offset: 0 }, ...(crop ? { crop } : {}) },
      });
      expect(frames.map(({ index }) => index)).toEqual([0, 4, 8, 12, 16, 20, 24, 28]);
      const all = (await decodeAll(file)).times;
      expect(times).toEqual([0, 4, 8, 12, 16, 20, 24, 28].map((index) => all[index]!));
    },
  );
});

describe("openDecoder() refuses", () => {
  const file = (name: string, bytes: string | Uint8Array) => {
    fs.writeFileSync(path.join(folder, name), bytes);
    return path.join(folder, name);
  };

  test.each([
    ["a file that is not there", () => path.join(folder, "none.mp4"), "No such file or directory"],
    ["an empty file", () => file("empty.mp4", ""), "it is no video, or damaged"],
    ["text that is called a video", () => file("text.mp4", "hello\n"), "it is no video, or damaged"],
    ["an mp4 without its end", () => file("cut.mp4", fs.readFileSync(clip).subarray(0, 3_000)), "it is cut off"],
  ])("%s", async (_what, name, message) => {
    const opening = open(name());
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toThrow(`cannot decode ${path.basename(name())}: `);
  });

  test("sound without a picture", async () => {
    const sound = path.join(folder, "sound.wav");
    ffmpeg("-f", "lavfi", "-i", "sine=duration=0.2", sound);
    await expect(open(sound)).rejects.toThrow("it has no video stream, only sound");
  });

  test("a part behind the end", async () => {
    await expect(open(clip, { input: ["-ss", "99", "-i", clip] })).rejects.toThrow(
      "none in the part that was asked for",
    );
  });

  test("pictures beyond 8K, with the bound", async () => {
    const huge = path.join(folder, "huge.avi");
    ffmpeg(
      "-f",
      "lavfi",
      "-i",
      "color=size=8192x4352:rate=1",
      "-frames:v",
      "1",
      "-c:v",
      "mjpeg",
      "-pix_fmt",
      "yuvj420p",
      huge,
    );
    await expect(open(huge)).rejects.toThrow(
      "a picture of 8192x4352 has 35651584 pixels, and the bound is 33554432 (8K)",
    );
    const grown = open(clip, { changes: { size: { width: 8_192, height: 4_352, fit: "stretch" } } });
    await expect(grown).rejects.toThrow("a picture of 8192x4352 has 35651584 pixels");
  });

  test("an address, without telling its password", async () => {
    const address = "http://admin:s3cret@127.0.0.1:1/cam";
    const opening = open(clip, { input: ["-i", address], name: address });
    await expect(opening).rejects.toThrow("http://***@127.0.0.1:1/cam");
    await expect(opening).rejects.not.toThrow("s3cret");
  });

  test("to go on when it is told to stop, and leaves no child behind", async () => {
    const abort = new AbortController();
    const children: Child[] = [];
    // Waits for ever: nobody writes into the pipe.
    const opening = open("pipe", { input: ["-i", "-"], signal: abort.signal, children });
    const waiting = open("pipe", {
      input: ["-f", "lavfi", "-i", "color=size=16x16,realtime=speed=0.000001"],
      signal: abort.signal,
      children,
    });
    abort.abort();
    // Heard at once: one that rejects while the other is waited for would fail the test.
    const ended = await Promise.allSettled([opening, waiting]);
    expect(ended.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    for (const child of children) expect(await child.exited).toBeDefined();
  });
});

describe("a decoder", () => {
  test("gives what is whole of a cut-off file, and says that it was cut", async () => {
    const file = makeClip(folder, "half.mkv");
    fs.truncateSync(file, fs.statSync(file).size * 0.5);
    const { frames, decoder } = await decodeAll(file);
    expect(frames.length).toBeGreaterThan(5);
    expect(frames.length).toBeLessThan(29);
    expect(decoder.complaints().join()).toContain("File ended prematurely");
  });

  test("waits for slots instead of losing frames", async () => {
    const pools: FramePool[] = [];
    const decoder = await open(clip, {
      frames: 2,
      pool: (bytes) => {
        const pool = new FramePool(bytes, 2);
        pools.push(pool);
        return pool;
      },
    });
    const held: DecodedFrame[] = [];
    const order: number[] = [];
    for await (const frame of decoder.frames()) {
      held.push(frame);
      order.push(frame.index);
      expect(pools[0]!.held).toBeLessThanOrEqual(2);
      if (held.length === 2) for (const { slot } of held.splice(0)) slot.release();
    }
    expect(order).toEqual(Array.from({ length: 30 }, (_, n) => n));
    expect(decoder.dropped).toEqual({ no_free_frame: 0, not_taken: 0 });
    await decoder.close();
  });

  test("of a live input gives the newest frames and counts the others", async () => {
    const decoder = await open("live", {
      live: true,
      frames: 8,
      input: ["-f", "lavfi", "-i", "testsrc2=size=64x48:duration=4"],
    });
    // Nobody takes a frame until ffmpeg is done with all 100.
    await allRead(decoder, 98);
    const indexes: number[] = [];
    for await (const { index, slot } of decoder.frames()) {
      indexes.push(index);
      slot.release();
    }
    expect(indexes).toEqual([98, 99]);
    expect(decoder.dropped).toEqual({ no_free_frame: 0, not_taken: 98 });
    await decoder.close();
  });

  test("of a live input whose slots are all held draws over the newest that nobody took", async () => {
    const decoder = await open("live", {
      live: true,
      frames: 2,
      input: ["-f", "lavfi", "-i", "testsrc2=size=64x48:duration=4"],
    });
    const frames = decoder.frames()[Symbol.asyncIterator]();
    const first = (await frames.next()).value as DecodedFrame;
    const pixels = first.slot.data.slice();
    await allRead(decoder, 98);
    const next = (await frames.next()).value as DecodedFrame;
    expect([first.index, next.index]).toEqual([0, 99]);
    expect(first.slot.data).toEqual(pixels);
    expect(decoder.dropped).toEqual({ no_free_frame: 98, not_taken: 0 });
    await decoder.close();
  });

  test("gives up its slots and its child when it is closed in the middle", async () => {
    const children: Child[] = [];
    let pool!: FramePool;
    const decoder = await open(clip, { children, pool: (bytes) => (pool = new FramePool(bytes, 4)) });
    for await (const { slot } of decoder.frames()) {
      slot.release();
      break;
    }
    await decoder.close();
    expect(pool.held).toBe(0);
    expect(await children[0]!.exited).toBeDefined();
  });

  test("whose ffmpeg is killed gives what came and then says how it ended", async () => {
    const children: Child[] = [];
    const decoder = await open("endless", { children, input: ["-f", "lavfi", "-i", "testsrc2=size=64x48"] });
    const taking = (async () => {
      for await (const { index, slot } of decoder.frames()) {
        slot.release();
        if (index === 20) children[0]!.kill();
      }
    })();
    await expect(taking).rejects.toThrow("cannot decode endless: ffmpeg was ended by SIGKILL");
    await decoder.close();
  });
});

/** Resolves once that many frames were given up; ffmpeg works meanwhile. */
async function allRead(decoder: Decoder, frames: number) {
  const dropped = () => decoder.dropped.no_free_frame + decoder.dropped.not_taken;
  // Bounded by the test's own limit.
  while (dropped() < frames) await new Promise((resolve) => setImmediate(resolve));
}

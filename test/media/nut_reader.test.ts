import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../src/base/random.ts";
import { NutReader } from "../../src/media/nut_reader.ts";
import { ffmpeg } from "../support/video_clips.ts";

/** Steps between times that are small, large, and too large for a short form. */
const SOURCE = "testsrc2=size=20x14:rate=10,setpts='PTS+if(gt(N,9),400000,0)/10/TB'";
const nut = (format: string, size = "20x14") =>
  ffmpeg(
    ...["-f", "lavfi", "-i", SOURCE.replace("20x14", size), "-frames:v", "20", "-pix_fmt", format, "-c:v", "rawvideo"],
    ...["-fps_mode", "passthrough", "-enc_time_base", "1:90000", "-f", "nut", "-"],
  );

const BLACK = "-f lavfi -i color=black:size=4x4 -frames:v 1 -pix_fmt gray -c:v rawvideo".split(" ");

const streamOf = (pieces: Iterable<Uint8Array>) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });

function* cut(bytes: Uint8Array, length: () => number) {
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + length());
    yield bytes.slice(at, end);
    at = end;
  }
}

async function readAll(pieces: Iterable<Uint8Array>, into = true) {
  const reader = new NutReader(streamOf(pieces));
  const head = (await reader.head())!;
  const frames: { ms: number; hash: number | bigint }[] = [];
  for (let frame = await reader.frame(); frame !== undefined; frame = await reader.frame()) {
    const data = new Uint8Array(frame.size);
    expect(into ? await reader.into(data) : await reader.pass(frame)).toBe(true);
    frames.push({ ms: (frame.pts * head.timeBase[0] * 1_000) / head.timeBase[1], hash: Bun.hash(data) });
  }
  return { head, frames };
}

const times = Array.from({ length: 20 }, (_, n) => n * 100 + (n > 9 ? 40_000_000 : 0));

describe("NutReader", () => {
  test("reads size, rate, every frame and its time, also eleven hours later", async () => {
    const { head, frames } = await readAll([nut("bgr24")]);
    expect(head).toMatchObject({ width: 20, height: 14, fps: 10 });
    expect(frames.map(({ ms }) => ms)).toEqual(times);
  });

  test("reads the same whatever pieces the pipe gives", async () => {
    const random = seededRandom(7);
    for (const size of ["20x14", "2x2", "200x160"]) {
      const bytes = nut("bgr24", size);
      const whole = await readAll([bytes]);
      expect(whole.frames).toHaveLength(20);
      if (size !== "200x160") expect(await readAll(cut(bytes, () => 1))).toEqual(whole);
      for (let round = 0; round < 20; round++) {
        expect(await readAll(cut(bytes, () => 1 + Math.floor(random.float() ** 4 * 40_000)))).toEqual(whole);
      }
    }
  });

  test("passes frames over as well as it reads them", async () => {
    const { frames } = await readAll([nut("gray")], false);
    expect(frames.map(({ ms }) => ms)).toEqual(times);
  });

  test("puts back what the container may leave out of frames", async () => {
    const written = Buffer.from(ffmpeg(...BLACK, "-f", "nut", "-"));
    // The frame: code 3, time 0, sixteen bytes.
    const at = written.lastIndexOf(Buffer.from([3, 0, 16, 0, 0]));
    expect(at).toBeGreaterThan(0);
    // As code 1, which spells its flags out (key, time, size), with a header's number besides: 00 00 01 is the first of
    // those that the head of the file lists.
    const short = Buffer.from([1, 0x88, 0x29, 0, 13, 1, ...Array(13).fill(7)]);
    const left = Buffer.concat([written.subarray(0, at), short, written.subarray(at + 3 + 16)]);
    const reader = new NutReader(streamOf([left]));
    await reader.head();
    const data = new Uint8Array((await reader.frame())!.size);
    expect(await reader.into(data)).toBe(true);
    expect([...data]).toEqual([0, 0, 1, ...Array(13).fill(7)]);
    expect(await reader.frame()).toBeUndefined();
  });

  test("says that a frame was cut off, wherever that is", async () => {
    const file = Buffer.from(nut("gray"));
    // Behind the last frame stands an index.
    const bytes = file.subarray(0, file.indexOf(Buffer.from("4e58dd672f23e64e", "hex")));
    for (let left = bytes.length - 1; left > bytes.length - 280; left -= 13) {
      const reader = new NutReader(streamOf([bytes.subarray(0, left)]));
      await reader.head();
      let whole = 0;
      for (let frame = await reader.frame(); frame !== undefined; frame = await reader.frame()) {
        if (!(await reader.into(new Uint8Array(frame.size)))) break;
        whole += 1;
      }
      expect(whole).toBe(19);
    }
  });

  test("refuses what is no NUT, and gathers at most a mebibyte of it", async () => {
    const zeros = new NutReader(streamOf(cut(new Uint8Array(8 << 20), () => 65_536)));
    await expect(zeros.head()).rejects.toThrow("cannot read what ffmpeg sent");
    const endless = new NutReader(streamOf(cut(new Uint8Array(8 << 20).fill(0xff), () => 65_536)));
    await expect(endless.head()).rejects.toThrow("cannot read what ffmpeg sent");
    expect(await new NutReader(streamOf([])).head()).toBeUndefined();
  });
});

import { expect, test } from "bun:test";
import { seededRandom } from "../../../src/base/random.ts";
import { motion } from "../../../src/nodes/vision/motion.ts";
import { packet, startNode } from "../../support/node.ts";
import { framePacket, type Paint, paint, RAW_FORMATS } from "./picture.ts";

const [W, H] = [160, 90];
const GREY: Paint = () => 100;
/** A wall with a pattern, so that the picture has structure. */
const WALL: Paint = (x, y) => 60 + ((x * 7 + y * 13) % 90);
/** Something 20 wide and 30 high stands at x. */
const someone =
  (at: number, behind: Paint = WALL): Paint =>
  (x, y) =>
    x >= at && x < at + 20 && y >= 40 && y < 70 ? 220 : behind(x, y);

/** Pictures a tenth of a second apart; says which passed, by their number. */
async function passed(pictures: readonly Paint[], config: object = {}, format: (typeof RAW_FORMATS)[number] = "gray") {
  const started = startNode(motion, { hold_sec: 0, ...config });
  for (const [at, light] of pictures.entries()) await started.process(framePacket(at / 10, paint(format, W, H, light)));
  const numbers = (port: string) => started.on(port).map(({ payload }) => (payload as { frame_idx: number }).frame_idx);
  return { ...started, out: numbers("out"), still: numbers("still") };
}

const times = <One>(count: number, one: One): One[] => Array(count).fill(one);

test.each(RAW_FORMATS)("motion sees somebody come into a frame of format %s", async (format) => {
  const { out, still } = await passed([WALL, WALL, WALL, someone(50), someone(60), WALL], {}, format);
  expect(out).toEqual([0, 3, 4]);
  expect(still).toEqual([1, 2, 5]);
});

test("motion passes frames until hold_sec after the last motion", async () => {
  const { out } = await passed([WALL, someone(50), ...times(10, WALL)], { hold_sec: 0.5 });
  expect(out).toEqual([0, 1, 2, 3, 4, 5]);
});

test("motion rests on a scene that is only noisy", async () => {
  const random = seededRandom(5);
  const noisy: Paint = (x, y) => WALL(x, y) + Math.round((random.float() - 0.5) * 20);
  const { out, node } = await passed(times(100, noisy));
  expect(out).toEqual([0]);
  expect(node.metrics!()).toMatchObject({ passed_total: 1, still_total: 99, motion_total: 1, sources: 1 });
});

test("motion takes a change of light over the whole picture for none", async () => {
  const lighter =
    (by: number): Paint =>
    (x, y) =>
      WALL(x, y) + by;
  const clouds = Array.from({ length: 50 }, (_, at) => lighter(Math.round(40 * Math.sin(at / 8))));
  expect((await passed([WALL, ...clouds])).out).toEqual([0]);
});

test("motion learns slow changes, and sees the same change when it is sudden", async () => {
  // Half of the picture, or it would be a change of light.
  const dawn =
    (by: number): Paint =>
    (x, y) =>
      x < W / 3 ? GREY(x, y) + by : GREY(x, y);
  const slow = Array.from({ length: 600 }, (_, at) => dawn(Math.floor(at / 15)));
  expect((await passed([GREY, ...slow], { learn_sec: 2 })).out).toEqual([0]);
  expect((await passed([GREY, dawn(40)], { learn_sec: 2 })).out).toEqual([0, 1]);
});

test("motion takes what stays in the end for background", async () => {
  const { out } = await passed([WALL, ...times(600, someone(50))], { learn_sec: 1 });
  expect(out.length).toBeGreaterThan(50);
  expect(out.at(-1)).toBeLessThan(400);
});

test("motion takes another view for one motion, and for the background from then on", async () => {
  const other: Paint = (x, y) => 250 - 2 * WALL(y, x);
  expect((await passed([WALL, ...times(5, other)])).out).toEqual([0, 1]);
});

test("motion does not look where it is told not to, in pixels or parts of the picture", async () => {
  const pictures = [WALL, someone(10), WALL, someone(130)];
  const left = (x: number, y: number) => [
    [
      [0, 0],
      [x, 0],
      [x, y],
      [0, y],
    ],
  ];
  expect((await passed(pictures, { ignore: left(80, 90) })).out).toEqual([0, 3]);
  expect((await passed(pictures, { ignore: left(0.5, 1), units: "fraction" })).out).toEqual([0, 3]);
  expect((await passed(pictures, { ignore: left(160, 90) })).out).toEqual([0]);
});

test("motion counts by area and threshold", async () => {
  const pictures = [GREY, someone(50, GREY)];
  // 20 × 30 of 160 × 90 pixels are 4.2 % of the picture.
  expect((await passed(pictures, { area: 0.03 })).out).toEqual([0, 1]);
  expect((await passed(pictures, { area: 0.06 })).out).toEqual([0]);
  expect((await passed(pictures, { threshold: 110 })).out).toEqual([0, 1]);
  expect((await passed(pictures, { threshold: 125 })).out).toEqual([0]);
});

test("motion passes a frame every every_sec also while nothing moves", async () => {
  expect((await passed(times(31, WALL), { every_sec: 1 })).out).toEqual([0, 10, 20, 30]);
});

test("motion watches each source on its own, and starts anew when a picture has another size", async () => {
  const { process, on } = startNode(motion, { hold_sec: 0 });
  await process(framePacket(0, paint("gray", W, H, WALL), {}, "a"));
  await process(framePacket(0, paint("gray", W, H, someone(50)), {}, "b"));
  await process(framePacket(1, paint("gray", W, H, WALL), {}, "a"));
  await process(framePacket(2, paint("gray", 80, 60, WALL), {}, "a"));
  await process(framePacket(3, paint("gray", 80, 60, WALL), {}, "a"));
  expect(on("out").map(({ source_id, ts }) => `${source_id} ${ts.slice(18, 19)}`)).toEqual(["a 0", "b 0", "a 2"]);
});

test("motion passes the frame it was given, untouched", async () => {
  const { process, emitted } = startNode(motion);
  const frame = framePacket(0, paint("nv12", 3, 3, WALL));
  await process(frame);
  expect(emitted[0]!.packet).toBe(frame);
});

test.each([
  [
    "a JPEG",
    { width: 1, height: 1, format: "jpeg", data: new Uint8Array(1) },
    "cannot look for motion: the frame is a JPEG",
  ],
  ["no frame", { frame_idx: 1 }, "frame.width must be a whole number of pixels"],
])("motion says what is wrong with %s", async (_name, payload, message) => {
  await expect(startNode(motion).process(packet({ kind: "frame", payload }))).rejects.toThrow(message);
});

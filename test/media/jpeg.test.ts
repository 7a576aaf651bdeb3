import { expect, test } from "bun:test";
import { inflateSync } from "node:zlib";
import { bitmap, encodeJpeg } from "../../src/media/jpeg.ts";
import { type Frame, type FrameFormat, frameBytes, frameStride } from "../../src/packet/index.ts";

type Raw = Exclude<FrameFormat, "jpeg">;

/** Blue, green, red. */
type Colour = readonly [number, number, number];

const LEFT: Colour = [40, 90, 200];
const RIGHT: Colour = [180, 30, 60];

/** How one pixel lies in each format; planes come one after the other. */
const PIXEL: Record<"bgr24" | "rgb24" | "gray", (colour: Colour) => number[]> = {
  bgr24: ([b, g, r]) => [b, g, r],
  rgb24: ([b, g, r]) => [r, g, b],
  gray: ([b]) => [b],
};

function frame(format: Raw, width: number, height: number, fill: (data: Uint8Array) => void): Frame {
  const data = new Uint8Array(new SharedArrayBuffer(frameBytes(format, width, height)));
  fill(data);
  return { width, height, format, stride: frameStride(format, width), data, frame_idx: 0 };
}

/** Left half in one colour, right half in another. */
function halves(format: "bgr24" | "rgb24" | "gray", width: number, height: number): Frame {
  return frame(format, width, height, (data) => {
    const pixels = Array.from({ length: width * height }, (_, at) =>
      PIXEL[format](at % width < width / 2 ? LEFT : RIGHT),
    );
    data.set(pixels.flat());
  });
}

/** Red, green, blue of one pixel of an encoded picture, read by way of an uncompressed PNG. */
async function pixelOf(file: Uint8Array, x: number, y: number): Promise<number[]> {
  const image = new Bun.Image(Uint8Array.from(file));
  const png = Buffer.from(await image.png({ compressionLevel: 0 }).bytes());
  const width = png.readUInt32BE(16);
  const channels = png[25] === 6 ? 4 : png[25] === 2 ? 3 : 1;
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString("latin1", at + 4, at + 8) === "IDAT")
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  const rows = inflateSync(Buffer.concat(parts));
  const from = y * (width * channels + 1) + 1 + x * channels;
  const [r = 0, g = r, b = r] = rows.subarray(from, from + Math.min(3, channels));
  return [r, g, b];
}

const near = (found: readonly number[], wanted: readonly number[], by = 6) =>
  expect(
    found.every((value, at) => Math.abs(value - wanted[at]!) <= by),
    `${found} is not ${wanted}`,
  ).toBe(true);

// Odd widths: rows of a bitmap are padded to four bytes.
test.each([
  [64, 48],
  [63, 31],
  [65, 7],
  [1, 1],
])("encodeJpeg() keeps colours and places of a %ix%i frame", async (width, height) => {
  for (const format of ["bgr24", "rgb24"] as const) {
    const jpeg = await encodeJpeg(halves(format, width, height), { quality: 95 });
    expect([...jpeg.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    near(await pixelOf(jpeg, 0, height - 1), [200, 90, 40]);
    if (width > 16) near(await pixelOf(jpeg, width - 1, 0), [60, 30, 180]);
  }
});

test("encodeJpeg() takes gray and planes of green, blue, red", async () => {
  near(await pixelOf(await encodeJpeg(halves("gray", 32, 16)), 31, 15), [180, 180, 180]);
  const planes = frame("gbrp", 32, 16, (data) => {
    for (const [at, value] of [90, 40, 200].entries()) data.fill(value, at * 512, (at + 1) * 512);
  });
  near(await pixelOf(await encodeJpeg(planes, { quality: 95 }), 20, 3), [200, 90, 40]);
});

// Y, Cb, Cr of BT.601 in studio range.
test.each([
  ["red", [81, 90, 240], [255, 0, 0]],
  ["green", [145, 54, 34], [0, 255, 0]],
  ["blue", [41, 240, 110], [0, 0, 255]],
  ["white", [235, 128, 128], [255, 255, 255]],
  ["black", [16, 128, 128], [0, 0, 0]],
] as const)("bitmap() makes %s of its Y, Cb, Cr", (_, [y, cb, cr], [r, g, b]) => {
  for (const [format, width, height] of [
    ["yuv420p", 5, 3],
    ["nv12", 5, 3],
    ["yuv420p", 4, 4],
  ] as const) {
    const chroma = Math.ceil(width / 2) * Math.ceil(height / 2);
    const picture = frame(format, width, height, (data) => {
      data.fill(y, 0, width * height);
      for (let at = 0; at < chroma; at++) {
        data[width * height + (format === "nv12" ? 2 * at : at)] = cb;
        data[width * height + (format === "nv12" ? 2 * at + 1 : chroma + at)] = cr;
      }
    });
    const last = bitmap(picture)
      .subarray(54 + (height - 1) * Math.ceil((width * 3) / 4) * 4)
      .subarray((width - 1) * 3);
    near([...last.subarray(0, 3)], [b, g, r], 2);
  }
});

test("encodeJpeg() makes a wide picture as narrow as asked, and no narrow one wider", async () => {
  const size = async (options: { maxWidth?: number }) => {
    const image = new Bun.Image(Uint8Array.from(await encodeJpeg(halves("bgr24", 64, 48), options)));
    const { width, height } = await image.metadata();
    return [width, height];
  };
  expect(await size({ maxWidth: 32 })).toEqual([32, 24]);
  expect(await size({ maxWidth: 640 })).toEqual([64, 48]);
});

test("encodeJpeg() passes a JPEG on as it is, in memory of its own", async () => {
  const data = await encodeJpeg(halves("bgr24", 64, 48));
  const jpeg: Frame = { width: 64, height: 48, format: "jpeg", stride: 0, data, frame_idx: 0 };
  const passed = await encodeJpeg(jpeg);
  expect(passed).toEqual(data);
  expect(passed.buffer).not.toBe(data.buffer);
});

test("encodeJpeg() has read the pixels when it returns: the memory may be used again", async () => {
  const picture = halves("bgr24", 64, 48);
  const encoding = encodeJpeg(picture, { quality: 95 });
  picture.data.fill(0);
  near(await pixelOf(await encoding, 0, 0), [200, 90, 40]);
});

import type { Frame } from "../packet/index.ts";

type Writer = (frame: Frame, into: Uint8Array, at: number, stride: number) => void;

/**
 * Writes a raw frame as rows of blue, green, red bytes, `stride` bytes apart, from `at` on. A `jpeg` has no pixels to
 * write: it throws.
 */
export function writeBgr(frame: Frame, into: Uint8Array, at: number, stride: number) {
  const write = WRITERS[frame.format];
  if (write === undefined) throw new TypeError(`a ${frame.format} frame must be decoded before its pixels can be read`);
  write(frame, into, at, stride);
}

const WRITERS: Partial<Record<Frame["format"], Writer>> = {
  bgr24({ width, height, data, stride: own }, into, at, stride) {
    if (own === stride) return into.set(data, at);
    for (let y = 0; y < height; y++) into.set(data.subarray(y * own, y * own + width * 3), at + y * stride);
  },
  rgb24: (frame, into, at, stride) => {
    const { data } = frame;
    eachPixel(frame, at, stride, (x, y, to) => {
      const from = y * frame.stride + x * 3;
      into[to] = data[from + 2]!;
      into[to + 1] = data[from + 1]!;
      into[to + 2] = data[from]!;
    });
  },
  gray: (frame, into, at, stride) => {
    const { data } = frame;
    eachPixel(frame, at, stride, (x, y, to) => into.fill(data[y * frame.stride + x]!, to, to + 3));
  },
  gbrp: (frame, into, at, stride) => {
    const { data, width, height } = frame;
    const plane = width * height;
    eachPixel(frame, at, stride, (x, y, to) => {
      const from = y * width + x;
      into[to] = data[plane + from]!;
      into[to + 1] = data[from]!;
      into[to + 2] = data[2 * plane + from]!;
    });
  },
  yuv420p: (frame, into, at, stride) => {
    const chromaWidth = Math.ceil(frame.width / 2);
    const blue = frame.width * frame.height;
    const red = blue + chromaWidth * Math.ceil(frame.height / 2);
    writeYuv(frame, into, at, stride, { blue, red, row: chromaWidth, step: 1 });
  },
  nv12: (frame, into, at, stride) => {
    const blue = frame.width * frame.height;
    writeYuv(frame, into, at, stride, { blue, red: blue + 1, row: 2 * Math.ceil(frame.width / 2), step: 2 });
  },
};

function eachPixel(
  { width, height }: Frame,
  at: number,
  stride: number,
  write: (x: number, y: number, to: number) => void,
) {
  for (let y = 0; y < height; y++) {
    for (let x = 0, to = at + y * stride; x < width; x++, to += 3) write(x, y, to);
  }
}

/** Where the colour of a frame with half as much of it lies: offsets of the first bytes, bytes per row and per pixel. */
interface Chroma {
  blue: number;
  red: number;
  row: number;
  step: number;
}

/** BT.601, studio range (16…235), as cameras and ffmpeg mean by `yuv420p`; in fixed point of 16 bits. */
function writeYuv({ data, width, height }: Frame, into: Uint8Array, at: number, stride: number, chroma: Chroma) {
  const clamped = new Uint8ClampedArray(into.buffer, into.byteOffset, into.byteLength);
  for (let y = 0; y < height; y++) {
    const row = (y >> 1) * chroma.row;
    for (let x = 0, to = at + y * stride; x < width; x++, to += 3) {
      const offset = row + (x >> 1) * chroma.step;
      const light = (data[y * width + x]! - 16) * 76_309;
      const blue = data[chroma.blue + offset]! - 128;
      const red = data[chroma.red + offset]! - 128;
      clamped[to] = (light + 132_201 * blue) >> 16;
      clamped[to + 1] = (light - 25_675 * blue - 53_279 * red) >> 16;
      clamped[to + 2] = (light + 104_597 * red) >> 16;
    }
  }
}

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
  rgb24: (frame, into, at, stride) => writeThree(frame, into, at, stride, { red: 0, green: 1, blue: 2, step: 3 }),
  gray: (frame, into, at, stride) => writeThree(frame, into, at, stride, { red: 0, green: 0, blue: 0, step: 1 }),
  gbrp: (frame, into, at, stride) => {
    const plane = frame.width * frame.height;
    writeThree(frame, into, at, stride, { red: 2 * plane, green: 0, blue: plane, step: 1 });
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

/** Where the colours of a pixel lie: offsets of the first bytes; bytes from one to the next. */
interface Three {
  red: number;
  green: number;
  blue: number;
  step: number;
}

/** One loop for all, so that it is compiled once and well: a frame has a million pixels. */
function writeThree({ data, width, height }: Frame, into: Uint8Array, at: number, stride: number, three: Three) {
  const { red, green, blue, step } = three;
  for (let y = 0; y < height; y++) {
    let from = y * width * step;
    for (let to = at + y * stride, end = to + width * 3; to < end; to += 3, from += step) {
      into[to] = data[from + blue]!;
      into[to + 1] = data[from + green]!;
      into[to + 2] = data[from + red]!;
    }
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

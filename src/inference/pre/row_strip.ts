import { BEYOND, type PixelKernel } from "./pixel_kernel.ts";
import type { Plane } from "./planes.ts";

/** Rows of a picture that are brought over at a time. Why 32: those of 640 pixels stay in the nearest cache. */
const ROWS = 32;

/** Takes the three (or one) rows of colours, at these places of the kernel's memory, of row `y`. */
type Take = (rows: readonly number[], y: number) => void;

/** Brings a picture into the kernel's memory, some rows at a time, and makes rows of one colour each of it. */
export class RowStrip {
  readonly #kernel: PixelKernel;
  /** Bytes from one row of a colour to the next. */
  readonly #pitch: number;
  /** Rows of three colours are at the front, two of each. */
  readonly #rows: readonly number[];
  readonly #lower: readonly number[];
  readonly #from: number;
  readonly #room: number;

  /** Of the memory's front, for pictures of up to `width` pixels. */
  static bytesFor(width: number): number {
    return 6 * pitchOf(width) + roomFor(width) + 3 * BEYOND;
  }

  constructor(kernel: PixelKernel, width: number) {
    this.#kernel = kernel;
    this.#pitch = pitchOf(width);
    this.#rows = [0, 1, 2].map((row) => row * this.#pitch);
    this.#lower = [3, 4, 5].map((row) => row * this.#pitch);
    this.#from = 6 * this.#pitch;
    this.#room = roomFor(width);
  }

  /** nv12 is not: its chroma lies interleaved. */
  fitsYuv([luma, u, v]: readonly Plane[]): boolean {
    return u!.step === 1 && v!.step === 1 && this.#rowsOf(luma!.stride + u!.stride) >= 2;
  }

  /** One plane or three, without gaps in their rows or all three in pixels of three bytes. */
  fits(planes: readonly Plane[]): boolean {
    const [first] = planes as [Plane];
    if (planes.every(({ step }) => step === 1)) return this.#rowsOf(first.stride) >= 1;
    const together = planes.every(
      ({ step, data, stride }) => step === 3 && data === first.data && stride === first.stride,
    );
    return planes.length === 3 && together && this.#rowsOf(first.stride) >= 1;
  }

  eachYuv([luma, u, v]: readonly Plane[], take: Take) {
    const [y, cb, cr] = [luma!, u!, v!];
    const even = this.#rowsOf(y.stride + cb.stride) & ~1;
    const atU = this.#from + even * y.stride + BEYOND;
    const atV = atU + (even / 2) * cb.stride + BEYOND;
    for (let top = 0; top < y.height; top += even) {
      const rows = Math.min(even, y.height - top);
      this.#bring(y, top, rows, this.#from);
      this.#bring(cb, top / 2, (rows + 1) >> 1, atU);
      this.#bring(cr, top / 2, (rows + 1) >> 1, atV);
      for (let row = 0; row < rows; row += 2) {
        const chroma = (row / 2) * cb.stride;
        const upper = this.#from + row * y.stride;
        // The last row of an odd number has no partner; its own values come out twice.
        const lower = row + 1 < rows ? upper + y.stride : upper;
        this.#kernel.yuvRows(upper, lower, atU + chroma, atV + chroma, 0, this.#pitch, y.width);
        take(this.#rows, top + row);
        if (lower !== upper) take(this.#lower, top + row + 1);
      }
    }
  }

  each(planes: readonly Plane[], take: Take) {
    if (planes[0]!.step === 3) this.#eachPixels(planes, take);
    else this.#eachPlane(planes, take);
  }

  #eachPixels(planes: readonly Plane[], take: Take) {
    const offset = Math.min(...planes.map((plane) => plane.offset));
    const rows = planes.map((plane) => this.#rows[plane.offset - offset]!);
    const pixels: Plane = { ...planes[0]!, offset };
    const { stride, width, height } = pixels;
    const some = this.#rowsOf(stride);
    for (let y = 0; y < height; y++) {
      if (y % some === 0) this.#bring(pixels, y, Math.min(some, height - y), this.#from);
      this.#kernel.splitRow(this.#from + (y % some) * stride, 0, this.#pitch, width);
      take(rows, y);
    }
  }

  #eachPlane(planes: readonly Plane[], take: Take) {
    const { bytes } = this.#kernel;
    const rows = this.#rows.slice(0, planes.length);
    for (let y = 0; y < planes[0]!.height; y++) {
      for (const [at, { data, offset, stride, width }] of planes.entries()) {
        const from = offset + y * stride;
        bytes.set(data.subarray(from, from + width), rows[at]!);
      }
      take(rows, y);
    }
  }

  /** Rows from `top` on, with what lies between them. */
  #bring({ data, offset, stride, step, width }: Plane, top: number, rows: number, to: number) {
    const from = offset + top * stride;
    this.#kernel.bytes.set(data.subarray(from, from + (rows - 1) * stride + width * step), to);
  }

  /** Rows of `stride` bytes for which there is room. */
  #rowsOf(stride: number): number {
    return Math.min(ROWS, Math.floor(this.#room / stride));
  }
}

/** What is written behind a row must not reach the next one. */
const pitchOf = (width: number) => Math.ceil(width / 16) * 16 + 16;

/** For pixels of three bytes. What is read beyond each of three parts comes on top. */
const roomFor = (width: number) => ROWS * 3 * pitchOf(width);

import { BEYOND, type PixelKernel } from "./pixel_kernel.ts";
import type { Plane } from "./planes.ts";

/**
 * Rows of a picture that are worked on at a time. Why 32: those of 640 pixels stay in the nearer caches, and what is
 * written of each colour is so long that memory keeps up with it.
 */
const ROWS = 32;

/** Takes `count` rows, the first of them row `top` of the picture, of each colour from these places on. */
type Take = (colours: readonly number[], top: number, count: number) => void;

/** Brings a picture into the kernel's memory, some rows at a time, and makes rows of one colour each of it. */
export class RowStrip {
  readonly #kernel: PixelKernel;
  /** From one row of a colour to the next; what is written behind one reaches the next one's place, and no further. */
  readonly pitch: number;
  /** From one colour to the next. */
  readonly #plane: number;
  /** The colours are at the front, the rows that they are made of behind them. */
  readonly #colours: readonly number[];
  readonly #from: number;
  readonly #room: number;

  /** Of the memory's front, for pictures of up to `width` pixels. */
  static bytesFor(width: number): number {
    return 3 * planeFor(width) + roomFor(width) + 3 * BEYOND;
  }

  constructor(kernel: PixelKernel, width: number) {
    this.#kernel = kernel;
    this.pitch = pitchOf(width);
    this.#plane = planeFor(width);
    this.#colours = [0, this.#plane, 2 * this.#plane];
    this.#from = 3 * this.#plane;
    this.#room = roomFor(width);
  }

  /** nv12 is not: its chroma lies interleaved. */
  fitsYuv([luma, u, v]: readonly Plane[]): boolean {
    return u!.step === 1 && v!.step === 1 && this.#rowsOf(luma!.stride + u!.stride) >= 2;
  }

  /** One plane or three, without gaps in their rows or all three in pixels of three bytes. */
  fits(planes: readonly Plane[]): boolean {
    const [{ data, stride }] = planes as [Plane];
    if (planes.every(({ step }) => step === 1)) return true;
    const together = planes.every((plane) => plane.step === 3 && plane.data === data && plane.stride === stride);
    return planes.length === 3 && together && this.#rowsOf(stride) >= 1;
  }

  eachYuv([luma, u, v]: readonly Plane[], take: Take) {
    const even = this.#rowsOf(luma!.stride + u!.stride) & ~1;
    const atU = this.#from + even * luma!.stride + BEYOND;
    const atV = atU + (even / 2) * u!.stride + BEYOND;
    for (let top = 0; top < luma!.height; top += even) {
      const count = Math.min(even, luma!.height - top);
      this.#bring(luma!, top, count, this.#from);
      this.#bring(u!, top / 2, (count + 1) >> 1, atU);
      this.#bring(v!, top / 2, (count + 1) >> 1, atV);
      for (let row = 0; row < count; row += 2) this.#pair(luma!, row, count, atU, atV, u!.stride);
      take(this.#colours, top, count);
    }
  }

  /** The last row of an odd number has no partner; it comes out twice, and the plane has a row more for that. */
  #pair({ stride, width }: Plane, row: number, count: number, atU: number, atV: number, strideC: number) {
    const { pitch } = this;
    const upper = this.#from + row * stride;
    const lower = row + 1 < count ? upper + stride : upper;
    const chroma = (row / 2) * strideC;
    this.#kernel.yuvRows(upper, lower, atU + chroma, atV + chroma, row * pitch, this.#plane, pitch, width);
  }

  each(planes: readonly Plane[], take: Take) {
    if (planes[0]!.step === 3) this.#eachPixels(planes, take);
    else this.#eachPlane(planes, take);
  }

  #eachPixels(planes: readonly Plane[], take: Take) {
    const offset = Math.min(...planes.map((plane) => plane.offset));
    const colours = planes.map((plane) => this.#colours[plane.offset - offset]!);
    const pixels: Plane = { ...planes[0]!, offset };
    const { stride, width, height } = pixels;
    const some = this.#rowsOf(stride);
    for (let top = 0; top < height; top += some) {
      const count = Math.min(some, height - top);
      this.#bring(pixels, top, count, this.#from);
      for (let row = 0; row < count; row++) {
        this.#kernel.splitRow(this.#from + row * stride, row * this.pitch, this.#plane, width);
      }
      take(colours, top, count);
    }
  }

  #eachPlane(planes: readonly Plane[], take: Take) {
    const { height } = planes[0]!;
    const colours = this.#colours.slice(0, planes.length);
    for (let top = 0; top < height; top += ROWS) {
      const count = Math.min(ROWS, height - top);
      for (const [at, plane] of planes.entries()) this.#place(plane, top, count, colours[at]!);
      take(colours, top, count);
    }
  }

  #place(plane: Plane, top: number, count: number, to: number) {
    if (plane.stride === this.pitch) this.#bring(plane, top, count, to);
    else for (let row = 0; row < count; row++) this.#bring(plane, top + row, 1, to + row * this.pitch);
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

/** The kernel makes 8 or 16 pixels at a time. */
const pitchOf = (width: number) => Math.ceil(width / 16) * 16;
const planeFor = (width: number) => (ROWS + 1) * pitchOf(width);

/** For pixels of three bytes. What is read beyond each of three parts comes on top. */
const roomFor = (width: number) => ROWS * 3 * pitchOf(width);

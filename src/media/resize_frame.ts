import { type Frame, frameBytes, frameStride } from "../packet/index.ts";
import type { PictureChanges, RawFormat } from "./decode_spec.ts";
import { writeBgr } from "./pixels.ts";
import { type Plane, planesOf } from "./planes.ts";
import { makeTaps, type Place, resample, type Taps } from "./resample.ts";

export type Size = NonNullable<PictureChanges["size"]>;

export interface Layout {
  /** Of the whole picture. */
  readonly width: number;
  readonly height: number;
  /** Where the resized picture is in it; all of it unless borders are added. */
  readonly inner: Place;
}

/** How large a picture becomes, by ffmpeg's own rounding. */
export function layoutOf({ width, height }: Pick<Frame, "width" | "height">, size: Size): Layout {
  const [w, h] = [size.width, size.height];
  const byWidth = (to: number) => Math.max(1, Math.round((to * height) / width));
  const byHeight = (to: number) => Math.max(1, Math.round((to * width) / height));
  if (w === undefined || h === undefined) return plain(w ?? byHeight(h!), h ?? byWidth(w!));
  if (size.fit === "stretch") return plain(w, h);
  const inner = { width: Math.min(w, byHeight(h)), height: Math.min(h, byWidth(w)) };
  if (size.fit === "inside") return plain(inner.width, inner.height);
  const [x, y] = [Math.floor((w - inner.width) / 2), Math.floor((h - inner.height) / 2)];
  return { width: w, height: h, inner: { x, y, ...inner } };
}

const plain = (width: number, height: number): Layout => ({ width, height, inner: { x: 0, y: 0, width, height } });

/** Resizes frames; keeps what it has worked out for the sizes seen last. */
export class Resizer {
  /** A graph has one or two sizes; a source that changes its size all the time shall not fill the memory. */
  readonly #known = new Map<number, Taps>();
  #scratch = new Uint8Array(0);

  /** Draws `frame` into `into`, which has the bytes of `layout` in `format`. */
  draw(frame: Frame, layout: Layout, format: RawFormat, into: Uint8Array): void {
    const own = frame.format as RawFormat;
    if (format === own) this.#planes(frame, layout, own, into);
    else this.#converted(frame, layout, own, format, into);
  }

  #converted(frame: Frame, layout: Layout, own: RawFormat, format: RawFormat, into: Uint8Array) {
    const bytes = frameBytes(own, layout.width, layout.height);
    if (this.#scratch.length !== bytes) this.#scratch = new Uint8Array(bytes);
    this.#planes(frame, layout, own, this.#scratch);
    const { width, height } = layout;
    convert({ ...frame, width, height, stride: frameStride(own, width), data: this.#scratch }, format, into);
  }

  #planes({ width, height, data }: Frame, layout: Layout, format: RawFormat, into: Uint8Array) {
    const from = planesOf(format, width, height);
    for (const [at, to] of planesOf(format, layout.width, layout.height).entries()) {
      const place = within(layout.inner, to);
      if (place.width < to.width || place.height < to.height) {
        into.fill(to.grey, to.offset, to.offset + to.width * to.height * to.channels);
      }
      resample(data, from[at]!, into, to, place, (length, toLength) => this.#taps(length, toLength));
    }
  }

  #taps(from: number, to: number): Taps {
    const key = from * 65_536 + to;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    // Why 16: two sizes at once with halved colour are eight.
    if (this.#known.size >= 16) this.#known.clear();
    const made = makeTaps(from, to);
    this.#known.set(key, made);
    return made;
  }
}

/** A place in the pixels of a plane. */
function within({ x, y, width, height }: Place, { step }: Plane): Place {
  if (step === 1) return { x, y, width, height };
  return { x: x >> 1, y: y >> 1, width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
}

/** Formats that frames can be changed into here; the others only ffmpeg makes. */
export const MADE_FORMATS = ["bgr24", "rgb24", "gray", "gbrp"] as const satisfies readonly RawFormat[];

function convert(frame: Frame, format: RawFormat, into: Uint8Array) {
  const pixels = frame.width * frame.height;
  const bgr = format === "bgr24" ? into : new Uint8Array(pixels * 3);
  writeBgr(frame, bgr, 0, frame.width * 3);
  if (format === "gray") for (let at = 0; at < pixels; at++) into[at] = light(bgr, at * 3);
  else if (format === "rgb24") pick(bgr, pixels, into, [2, 1, 0], 3, 1);
  else if (format === "gbrp") pick(bgr, pixels, into, [1, 0, 2], 1, pixels);
}

/** Puts the samples `order` of each pixel at `step` per pixel and `apart` from each other. */
function pick(
  bgr: Uint8Array,
  pixels: number,
  into: Uint8Array,
  order: readonly number[],
  step: number,
  apart: number,
) {
  for (const [place, of] of order.entries()) {
    for (let at = 0; at < pixels; at++) into[place * apart + at * step] = bgr[at * 3 + of]!;
  }
}

/** Weights of BT.601. */
const light = (bgr: Uint8Array, at: number) =>
  Math.round(0.114 * bgr[at]! + 0.587 * bgr[at + 1]! + 0.299 * bgr[at + 2]!);

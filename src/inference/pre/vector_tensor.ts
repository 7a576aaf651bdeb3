import type { FramePlan } from "../frame_plan.ts";
import { type Affine, affineOf } from "./affine.ts";
import type { Geometry } from "./geometry.ts";
import { BEYOND, hasKernel, LEAST_WIDTH, openKernel, type PixelKernel } from "./pixel_kernel.ts";
import type { Plane } from "./planes.ts";
import { RowStrip } from "./row_strip.ts";
import { blank, type TensorValues } from "./write_tensor.ts";

/** How each channel's pixels become values; undefined: they are values already. */
type Affines = readonly Affine[] | undefined;

/**
 * A tensor in the memory of a {@link PixelKernel}, which writes it four to sixteen pixels at a time, and gives the very
 * bytes that write_tensor.ts and yuv_tensor.ts give. What it cannot do it leaves to them.
 *
 * The picture passes by in strips of some rows, so that besides the tensor there are some hundred kilobytes.
 */
export class VectorTensor {
  readonly values: TensorValues;
  readonly #plan: FramePlan;
  readonly #tables: readonly TensorValues[];
  readonly #affines: Affines;
  readonly #kernel: PixelKernel;
  readonly #strip: RowStrip;
  readonly #start: number;
  /** A row of pixels of three bytes. */
  readonly #woven: number;
  /** What stands around the picture is written once for each place that a picture has in the tensor. */
  #around = "";

  /** Undefined where vectors cannot do what `plan` asks for, or this machine cannot. `tables`: one for each channel. */
  static make(plan: FramePlan, tables: readonly TensorValues[]): VectorTensor | undefined {
    if (!hasKernel || plan.width < LEAST_WIDTH) return undefined;
    if (plan.dtype === "uint8") {
      return tables.every(isPlain) ? new VectorTensor(plan, tables, undefined) : undefined;
    }
    const affines = tables.map((table, channel) => affineOf(plan, channel, table));
    // Values of one row, in which the channels take turns, are made all alike.
    const alike = plan.layout === "nchw" || affines.every((each) => String(each) === String(affines[0]));
    if (!alike || affines.includes(undefined)) return undefined;
    return new VectorTensor(plan, tables, affines as Affine[]);
  }

  private constructor(plan: FramePlan, tables: readonly TensorValues[], affines: Affines) {
    const { width, height, dtype } = plan;
    const length = width * height * tables.length;
    const stripBytes = RowStrip.bytesFor(width);
    this.#plan = plan;
    this.#tables = tables;
    this.#affines = affines;
    this.#woven = stripBytes;
    this.#start = aligned(stripBytes + 3 * width + BEYOND);
    this.#kernel = openKernel(this.#start + length * (dtype === "float32" ? 4 : 1));
    this.#strip = new RowStrip(this.#kernel, width);
    const { buffer } = this.#kernel.bytes;
    const Values = dtype === "float32" ? Float32Array : Uint8Array;
    this.values = new Values(buffer, this.#start, length);
  }

  /** Luma and chroma, of the size they have in the tensor; false when this is not for vectors. */
  writeYuv(planes: readonly Plane[], geometry: Geometry): boolean {
    if (!this.#surround(geometry, this.#strip.fitsYuv(planes))) return false;
    this.#strip.eachYuv(planes, (colours, top, count) => {
      const ordered = this.#plan.channels === "bgr" ? [...colours].reverse() : colours;
      this.#rows(ordered, top, count, geometry);
    });
    return true;
  }

  /** Planes in the order of the model's channels, of the size they have in the tensor. */
  writeColours(planes: readonly Plane[], geometry: Geometry): boolean {
    if (!this.#surround(geometry, this.#strip.fits(planes))) return false;
    this.#strip.each(planes, (colours, top, count) => this.#rows(colours, top, count, geometry));
    return true;
  }

  /** False when the picture does not fit; what another code then writes is not known here. */
  #surround({ left, top, width, height }: Geometry, fits: boolean): boolean {
    const around = fits && width >= LEAST_WIDTH ? [left, top, width, height].join() : "";
    if (around !== "" && around !== this.#around) blank(this.values, this.#tables, this.#plan);
    this.#around = around;
    return around !== "";
  }

  /** `count` rows of each colour, of the picture's row number `y` on. */
  #rows(colours: readonly number[], y: number, count: number, { left, top, width }: Geometry) {
    const { layout, width: W, height: H } = this.#plan;
    const at = (top + y) * W + left;
    const { pitch } = this.#strip;
    if (layout === "nhwc" && colours.length === 3) {
      for (let row = 0; row < count; row++) this.#weave(colours, row * pitch, at + row * W, width);
      return;
    }
    for (const [c, from] of colours.entries()) {
      const to = c * W * H + at;
      if (width === W && width === pitch) this.#emit(from, to, count * width, c);
      else for (let row = 0; row < count; row++) this.#emit(from + row * pitch, to + row * W, width, c);
    }
  }

  #weave([a, b, c]: readonly number[], from: number, to: number, width: number) {
    this.#kernel.weaveRow(a! + from, b! + from, c! + from, this.#woven, width);
    this.#emit(this.#woven, to * 3, width * 3, 0);
  }

  /** `count` bytes as values, from value number `to` of the tensor on. */
  #emit(from: number, to: number, count: number, channel: number) {
    const { bytes, floatRow } = this.#kernel;
    if (this.#affines === undefined) {
      bytes.copyWithin(this.#start + to, from, from + count);
      return;
    }
    const [a, b, c, d] = this.#affines[channel]!;
    floatRow(from, this.#start + to * 4, count, a, b, c, d);
  }
}

const isPlain = (table: TensorValues) => table.every((value, pixel) => value === pixel);

const aligned = (at: number) => Math.ceil(at / 64) * 64;

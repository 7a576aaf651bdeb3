import type { FramePlan } from "../frame_plan.ts";
import { type Affine, affineOf } from "./affine.ts";
import type { Geometry } from "./geometry.ts";
import { BEYOND, hasKernel, LEAST_WIDTH, openKernel, type PixelKernel } from "./pixel_kernel.ts";
import type { Plane } from "./planes.ts";
import { RowStrip } from "./row_strip.ts";
import { blank, type TensorValues } from "./write_tensor.ts";

/** Where rows of red, green and blue (or of gray) lie; the order is that of the planes they came of. */
export type Rows = readonly number[];

/** How each channel's pixels become values; undefined: they are values already. */
type Affines = readonly Affine[] | undefined;

/**
 * A tensor in the memory of a {@link PixelKernel}, which writes it four to sixteen pixels at a time, and gives the very
 * bytes that write_tensor.ts and yuv_tensor.ts give. What it cannot do it leaves to them.
 *
 * The picture passes by in strips of some rows, so that besides the tensor there are some ten kilobytes.
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
    const order = this.#plan.channels === "bgr" ? [2, 1, 0] : [0, 1, 2];
    if (!this.#surround(geometry, this.#strip.fitsYuv(planes))) return false;
    this.#strip.eachYuv(planes, (rows, y) =>
      this.#row(
        order.map((c) => rows[c]!),
        y,
        geometry,
      ),
    );
    return true;
  }

  /** Planes in the order of the model's channels, of the size they have in the tensor. */
  writeColours(planes: readonly Plane[], geometry: Geometry): boolean {
    if (!this.#surround(geometry, this.#strip.fits(planes))) return false;
    this.#strip.each(planes, (rows, y) => this.#row(rows, y, geometry));
    return true;
  }

  /** False when the picture does not fit; what another code then writes is not known here. */
  #surround({ left, top, width, height }: Geometry, fits: boolean): boolean {
    const around = fits && width >= LEAST_WIDTH ? [left, top, width, height].join() : "";
    if (around !== "" && around !== this.#around) blank(this.values, this.#tables, this.#plan);
    this.#around = around;
    return around !== "";
  }

  #row(rows: Rows, y: number, { left, top, width }: Geometry) {
    const { layout, width: W, height: H } = this.#plan;
    const at = (top + y) * W + left;
    if (layout === "nchw" || rows.length === 1) {
      for (let c = 0; c < rows.length; c++) this.#emit(rows[c]!, c * W * H + at, width, c);
      return;
    }
    this.#kernel.weaveRow(rows[0]!, rows[1]!, rows[2]!, this.#woven, width);
    this.#emit(this.#woven, at * 3, width * 3, 0);
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

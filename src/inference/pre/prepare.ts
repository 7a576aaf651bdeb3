import type { Frame } from "../../packet/index.ts";
import type { FramePlan } from "../frame_plan.ts";
import { fullRange, toGray, yuvToRgb } from "./colour.ts";
import { decodeJpeg } from "./decode_jpeg.ts";
import { type Geometry, geometry } from "./geometry.ts";
import { type Plane, type Planes, planesOf } from "./planes.ts";
import { type Axis, axis, resample, resampleInterleaved } from "./resample.ts";
import { VectorTensor } from "./vector_tensor.ts";
import { emptyTensor, type TensorValues, table, writeTensor } from "./write_tensor.ts";
import { type WideTable, wideTable, writeYuvTensor } from "./yuv_tensor.ts";

/** Sizes and colour spaces of sources that are kept; more in one worker come from a stream that changes all the time. */
const MAX_KEPT = 16;

interface Axes {
  readonly across: Axis;
  readonly down: Axis;
}

/** Everything about a picture of one size and space that the next one needs again. */
interface Way {
  readonly geometry: Geometry;
  readonly axes: readonly Axes[];
  readonly scaled: readonly Uint8Array<ArrayBuffer>[];
}

/** A tensor, and what writes into it quicker where this machine and the plan allow that. */
interface Tensor {
  readonly values: TensorValues;
  readonly vectors: VectorTensor | undefined;
}

/** Makes frames into the input of a model as one plan says. */
export class Preparer {
  readonly #plan: FramePlan;
  readonly #tables: readonly TensorValues[];
  /** For pictures of luma and chroma; made when the first one comes. */
  #wide: readonly WideTable[] | undefined;
  readonly #tensors: Tensor[] = [];
  readonly #vectors: boolean;
  readonly #ways = new Map<string, Way>();

  /** `vectors: false` leaves all to the plain code, which gives the same tensor. */
  constructor(plan: FramePlan, { vectors = true }: { vectors?: boolean } = {}) {
    this.#plan = plan;
    this.#vectors = vectors;
    this.#tables = Array.from({ length: plan.channels === "gray" ? 1 : 3 }, (_, c) => table(plan, c));
  }

  /** The tensor is written over by the next frame with the same `place` (its number in a batch). */
  async prepare(frame: Frame, place: number): Promise<{ tensor: TensorValues; geometry: Geometry }> {
    const picture = frame.format === "jpeg" ? await decodeJpeg(frame.data) : frame;
    const planes = planesOf(picture);
    const way = this.#way(planes);
    this.#tensors[place] ??= this.#tensor();
    if (planes.space === "yuv" && this.#plan.channels !== "gray" && isSized(planes, way.geometry)) {
      this.#writeYuv(planes.planes, way.geometry, this.#tensors[place]);
    } else this.#writeColours(this.#colours(planes, way), way.geometry, this.#tensors[place]);
    return { tensor: this.#tensors[place].values, geometry: way.geometry };
  }

  #tensor(): Tensor {
    const vectors = this.#vectors ? VectorTensor.make(this.#plan, this.#tables) : undefined;
    return { values: vectors?.values ?? emptyTensor(this.#plan), vectors };
  }

  #writeYuv(planes: readonly Plane[], geometry: Geometry, { values, vectors }: Tensor) {
    if (vectors?.writeYuv(planes, geometry)) return;
    this.#wide ??= this.#rgbTables().map(wideTable);
    writeYuvTensor(planes, this.#wide, geometry, this.#plan, values);
  }

  #writeColours(colours: readonly Plane[], geometry: Geometry, { values, vectors }: Tensor) {
    const ordered = this.#plan.channels === "bgr" ? [...colours].reverse() : colours;
    if (vectors?.writeColours(ordered, geometry)) return;
    writeTensor(ordered, this.#tables, geometry, this.#plan, values);
  }

  /** Tables are in the order of the model's channels. */
  #rgbTables(): readonly TensorValues[] {
    return this.#plan.channels === "bgr" ? [...this.#tables].reverse() : this.#tables;
  }

  #way({ space, planes }: Planes): Way {
    const { width, height } = planes[0]!;
    const key = `${space} ${width}x${height}`;
    const known = this.#ways.get(key);
    if (known !== undefined) return known;
    if (this.#ways.size >= MAX_KEPT) this.#ways.delete(this.#ways.keys().next().value!);
    const made = way(planes, geometry(width, height, this.#plan));
    this.#ways.set(key, made);
    return made;
  }

  /** Planes of the size they have in the tensor: those of the frame itself where that is so already. */
  #colours({ space, planes }: Planes, { geometry, axes, scaled }: Way): readonly Plane[] {
    const { width, height } = geometry;
    const gray = this.#plan.channels === "gray";
    const asIs = isSized({ space, planes }, geometry);
    if (asIs && space === "rgb" && !gray) return planes;
    if (asIs && space === "gray") return gray ? planes : [planes[0]!, planes[0]!, planes[0]!];
    const needed = gray && space === "yuv" ? planes.slice(0, 1) : planes;
    if (space === "rgb" && planes[0]!.step === 3) {
      resampleInterleaved(planes, axes[0]!.across, axes[0]!.down, scaled);
    } else {
      for (const [i, plane] of needed.entries()) scale(plane, axes[i]!, scaled[i]!);
    }
    if (space === "yuv" && !gray) yuvToRgb(scaled[0]!, scaled[1]!, scaled[2]!);
    if (space === "yuv" && gray) fullRange(scaled[0]!);
    if (space === "rgb" && gray) toGray(scaled[0]!, scaled[1]!, scaled[2]!);
    const used = gray ? [0] : space === "gray" ? [0, 0, 0] : [0, 1, 2];
    return used.map((i) => ({ data: scaled[i]!, offset: 0, stride: width, step: 1, width, height }));
  }
}

const isSized = ({ planes: [first] }: Planes, { width, height }: Geometry) =>
  first!.width === width && first!.height === height;

function scale(plane: Plane, { across, down }: Axes, into: Uint8Array) {
  const { data, offset, stride, step, width, height } = plane;
  // The luma of a picture that has the model's size already; only its chroma has to grow.
  if (step !== 1 || width !== across.first.length || height !== down.first.length) {
    return resample(plane, across, down, into);
  }
  for (let y = 0; y < height; y++) into.set(data.subarray(offset + y * stride, offset + y * stride + width), y * width);
}

function way(planes: readonly Plane[], to: Geometry): Way {
  const { width, height, sampleX, sampleY, originX, originY } = to;
  const [luma] = planes;
  const axes = planes.map((plane) => {
    // Chroma has half the pixels over the same picture.
    const [x, y] = [plane.width / luma!.width, plane.height / luma!.height];
    return {
      across: axis(width, plane.width, sampleX * x, originX * x),
      down: axis(height, plane.height, sampleY * y, originY * y),
    };
  });
  return { geometry: to, axes, scaled: planes.map(() => new Uint8Array(width * height)) };
}

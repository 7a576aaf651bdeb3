import { typeName } from "./type_name.ts";

/** How the pixels lie in `data`. `gbrp` is three planes, green first; `jpeg` is a whole JPEG file. */
export const FRAME_FORMATS = ["bgr24", "rgb24", "gray", "gbrp", "yuv420p", "nv12", "jpeg"] as const;

export type FrameFormat = (typeof FRAME_FORMATS)[number];

/**
 * One picture of a stream: the payload of kind `frame`, besides what nodes add to it (such as `detections`).
 *
 * `data` lies in shared memory that is used again once the packet and all that came of it are done. Who needs the
 * pixels for longer calls {@link retainFrame}, or copies them.
 */
export interface Frame {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  readonly format: FrameFormat;
  /** Bytes from one row of the first plane to the next; 0 for `jpeg`. */
  readonly stride: number;
  /** Exactly the bytes of the picture; over a SharedArrayBuffer when a source of this binary made it. */
  readonly data: Uint8Array;
  /** Number in its stream, from 0; never starts again while the process lives. */
  readonly frame_idx: number;
}

/** Bytes of one picture without gaps between rows. Odd sizes round chroma up, as ffmpeg does. */
export function frameBytes(format: Exclude<FrameFormat, "jpeg">, width: number, height: number): number {
  const pixels = width * height;
  if (format === "gray") return pixels;
  if (format === "yuv420p" || format === "nv12") {
    return pixels + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
  }
  return pixels * 3;
}

/** Bytes per row of the first plane without gaps. */
export const frameStride = (format: FrameFormat, width: number): number =>
  format === "jpeg" ? 0 : format === "rgb24" || format === "bgr24" ? width * 3 : width;

/** The frame a payload is; throws a TypeError that names the field that is wrong. */
export function frameOf(payload: unknown): Frame {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) {
    throw new TypeError(`a frame must be a map with width, height, format and data, got ${typeName(payload)}`);
  }
  const frame = payload as Frame;
  for (const name of ["width", "height"] as const) {
    if (!Number.isInteger(frame[name]) || frame[name] < 1) throw wrong(name, "a whole number of pixels", frame[name]);
  }
  if (!FRAME_FORMATS.includes(frame.format)) throw wrong("format", `one of ${FRAME_FORMATS.join(", ")}`, frame.format);
  if (!(frame.data instanceof Uint8Array)) throw wrong("data", "bytes", frame.data);
  if (frame.format !== "jpeg") checkSize(frame, frame.format);
  return frame;
}

function checkSize({ format, width, height, data }: Frame, raw: Exclude<FrameFormat, "jpeg">) {
  const bytes = frameBytes(raw, width, height);
  if (data.length === bytes) return;
  throw new TypeError(`frame.data must have ${bytes} bytes for ${width}x${height} ${format}, got ${data.length}`);
}

function wrong(name: string, allowed: string, value: unknown): TypeError {
  const got = typeof value === "number" || typeof value === "string" ? JSON.stringify(value) : typeName(value);
  return new TypeError(`frame.${name} must be ${allowed}, got ${got}`);
}

/** One place of a pool. */
export interface FrameSlot {
  /** As much of its pool is kept beyond packets as may be: the frames behind this one need the places that are left. */
  readonly scarce?: boolean;
  /** One more holder. */
  retain(): void;
  /** One holder less; the last one gives the memory back. */
  release(): void;
}

const slots = new WeakMap<ArrayBufferLike, FrameSlot>();

/** For pools: says that frames over `memory` are pictures of `slot`. */
export const ownMemory = (memory: ArrayBufferLike, slot: FrameSlot): void => void slots.set(memory, slot);

/**
 * Keeps the pixels of a frame that is being processed as they are until the returned function is called, which must
 * happen: a pool has few places. Frames that no pool made stay by themselves.
 */
export function retainFrame(frame: Pick<Frame, "data">): () => void {
  const slot = slots.get(frame.data.buffer);
  if (slot === undefined) return () => {};
  slot.retain();
  let held = true;
  return () => {
    if (held) slot.release();
    held = false;
  };
}

/**
 * Keeps a frame for who wants it for longer than its packet takes. Of a pool half of the places can be kept so; beyond
 * that it is a copy, as a source without a free place would wait for a newer frame to make room, and none could come.
 */
export function keepFrame(frame: Frame): { frame: Frame; release(): void } {
  if (!slots.get(frame.data.buffer)?.scarce) return { frame, release: retainFrame(frame) };
  return { frame: { ...frame, data: frame.data.slice() }, release() {} };
}

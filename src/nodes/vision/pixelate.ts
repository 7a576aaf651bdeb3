import { type Plane, planesOf } from "../../media/index.ts";
import type { Frame, FrameFormat } from "../../packet/index.ts";
import type { Area } from "./picture_area.ts";

/** Makes an area of a raw frame unrecognisable, in place: blocks of one colour, or grey all over. */
export function pixelate({ data, width, height, format }: Frame, area: Area, block: number | "grey") {
  for (const plane of planesOf(format as Exclude<FrameFormat, "jpeg">, width, height)) {
    const part = within(area, plane);
    if (block === "grey") fill(data, plane, part, () => plane.grey);
    else blocks(data, plane, part, Math.max(1, Math.ceil(block / plane.step)));
  }
}

/** The area in pixels of a plane, every one that it touches. */
function within({ x, y, width, height }: Area, { step, width: columns, height: rows }: Plane): Area {
  const [left, top] = [Math.floor(x / step), Math.floor(y / step)];
  const [right, bottom] = [Math.ceil((x + width) / step), Math.ceil((y + height) / step)];
  return { x: left, y: top, width: Math.min(columns, right) - left, height: Math.min(rows, bottom) - top };
}

function blocks(data: Uint8Array, plane: Plane, { x, y, width, height }: Area, size: number) {
  for (let top = y; top < y + height; top += size) {
    for (let left = x; left < x + width; left += size) {
      const part = {
        x: left,
        y: top,
        width: Math.min(size, x + width - left),
        height: Math.min(size, y + height - top),
      };
      const means = Array.from({ length: plane.channels }, (_, channel) => mean(data, plane, part, channel));
      fill(data, plane, part, (channel) => means[channel]!);
    }
  }
}

function mean(
  data: Uint8Array,
  { offset, width: columns, channels }: Plane,
  { x, y, width, height }: Area,
  channel: number,
) {
  let sum = 0;
  for (let row = y; row < y + height; row++) {
    let at = offset + (row * columns + x) * channels + channel;
    for (let left = width; left > 0; left--, at += channels) sum += data[at]!;
  }
  return Math.round(sum / (width * height));
}

function fill(
  data: Uint8Array,
  { offset, width: columns, channels }: Plane,
  { x, y, width, height }: Area,
  sampleOf: (channel: number) => number,
) {
  for (let channel = 0; channel < channels; channel++) {
    const value = sampleOf(channel);
    for (let row = y; row < y + height; row++) {
      let at = offset + (row * columns + x) * channels + channel;
      for (let left = width; left > 0; left--, at += channels) data[at] = value;
    }
  }
}

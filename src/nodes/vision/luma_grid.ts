import { planesOf } from "../../media/index.ts";
import { type Frame, frameOf } from "../../packet/index.ts";

/** Samples of a cell along each side: enough to see what is in it, few enough to cost 0.1 ms a frame. */
const SAMPLES = 3;

/** Pixels along a cell's side at least: the mean of fewer pixels shows the noise of a camera. */
const LEAST = 4;

/** How bright the parts of a picture are, in cells of equal size, row by row. */
export interface LumaGrid {
  readonly columns: number;
  readonly rows: number;
  /** Pixels along a cell's side. */
  readonly cell: number;
  /** 0 to 255; used again for the next frame of the same size. */
  readonly values: Float32Array;
}

/** The raw frame a payload is; a JPEG's pixels are not to be had without decoding it. */
export function rawFrameOf(payload: unknown, doing: string): Frame {
  const frame = frameOf(payload);
  if (frame.format !== "jpeg") return frame;
  throw new TypeError(
    `cannot ${doing}: the frame is a JPEG, and raw pixels are needed: put a decoding source before it`,
  );
}

/** An empty grid of at most `columns` columns for frames of a size. */
export function lumaGrid({ width, height }: Frame, most: number): LumaGrid {
  const cell = Math.max(LEAST, Math.ceil(width / most));
  const [columns, rows] = [Math.ceil(width / cell), Math.ceil(height / cell)];
  return { columns, rows, cell, values: new Float32Array(columns * rows) };
}

/** Fills the grid; returns the mean of all cells. */
export function measure(frame: Frame, { columns, rows, cell, values }: LumaGrid): number {
  const { data, width, height, format } = frame;
  const { channels } = planesOf(format as Exclude<typeof format, "jpeg">, width, height)[0]!;
  const gap = Math.max(1, Math.floor(cell / SAMPLES));
  const first = gap >> 1;
  let sum = 0;
  for (let row = 0, at = 0; row < rows; row++) {
    const top = row * cell;
    const bottom = Math.min(height, top + cell);
    for (let column = 0; column < columns; column++, at++) {
      const left = column * cell;
      const right = Math.min(width, left + cell);
      let [light, count] = [0, 0];
      for (let y = Math.min(top + first, bottom - 1); y < bottom; y += gap) {
        const line = y * width;
        for (let x = Math.min(left + first, right - 1); x < right; x += gap) {
          const pixel = (line + x) * channels;
          // Green counts twice, and red and blue lie on either side of it in both orders.
          light += channels === 1 ? data[pixel]! * 4 : data[pixel]! + 2 * data[pixel + 1]! + data[pixel + 2]!;
          count += 4;
        }
      }
      values[at] = light / count;
      sum += light / count;
    }
  }
  return sum / values.length;
}

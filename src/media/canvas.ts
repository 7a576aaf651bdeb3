import { GLYPH_HEIGHT, GLYPH_WIDTH, type Glyph, glyphOf } from "./glyphs.ts";

/** Blue, green, red, 0…255 each. */
export type Bgr = readonly [number, number, number];

export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** Draws on rows of blue, green, red bytes without gaps. What lies outside of the picture is left out. */
export class Canvas {
  readonly #data: Uint8Array;
  readonly #width: number;
  readonly #height: number;

  constructor(data: Uint8Array, width: number, height: number) {
    this.#data = data;
    this.#width = width;
    this.#height = height;
  }

  /** Fills from `x, y` on; `opacity` 1 covers what was there. */
  fill(x: number, y: number, width: number, height: number, colour: Bgr, opacity = 1) {
    const left = within(Math.round(x), this.#width);
    const right = within(Math.round(x + width), this.#width);
    const bottom = within(Math.round(y + height), this.#height);
    for (let row = within(Math.round(y), this.#height); row < bottom; row++) {
      this.#row(row, left, right, colour, opacity);
    }
  }

  /** The outline of a box, `thickness` pixels inwards. */
  outline(x1: number, y1: number, x2: number, y2: number, colour: Bgr, thickness: number) {
    const inner = Math.max(0, y2 - y1 - 2 * thickness);
    this.fill(x1, y1, x2 - x1, thickness, colour);
    this.fill(x1, y2 - thickness, x2 - x1, thickness, colour);
    this.fill(x1, y1 + thickness, thickness, inner, colour);
    this.fill(x2 - thickness, y1 + thickness, thickness, inner, colour);
  }

  line(from: Spot, to: Spot, colour: Bgr, thickness: number) {
    // A point far outside would be walked to pixel by pixel.
    const clipped = clip(from, to, -thickness, this.#width + thickness, this.#height + thickness);
    if (clipped === undefined) return;
    const [start, end] = clipped;
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(end.x - start.x), Math.abs(end.y - start.y))));
    for (let step = 0; step <= steps; step++) {
      const x = start.x + ((end.x - start.x) * step) / steps;
      const y = start.y + ((end.y - start.y) * step) / steps;
      this.fill(x - thickness / 2, y - thickness / 2, thickness, thickness, colour);
    }
  }

  polygon(corners: readonly Spot[], colour: Bgr, thickness: number) {
    for (const [at, corner] of corners.entries()) this.line(corners.at(at - 1)!, corner, colour, thickness);
  }

  /** One line of text with its upper left corner at `x, y`; each dot of a letter is `scale` pixels wide. */
  text(text: string, x: number, y: number, colour: Bgr, scale: number) {
    let left = x;
    for (const character of text) {
      this.#glyph(glyphOf(character), left, y, colour, scale);
      left += (GLYPH_WIDTH + 1) * scale;
    }
  }

  #glyph(glyph: Glyph, x: number, y: number, colour: Bgr, scale: number) {
    for (const [column, bits] of glyph.entries()) {
      for (let row = 0; row < GLYPH_HEIGHT; row++) {
        if ((bits >> row) & 1) this.fill(x + column * scale, y + row * scale, scale, scale, colour);
      }
    }
  }

  #row(row: number, left: number, right: number, [blue, green, red]: Bgr, opacity: number) {
    const data = this.#data;
    const kept = 1 - opacity;
    const end = (row * this.#width + right) * 3;
    for (let at = (row * this.#width + left) * 3; at < end; at += 3) {
      data[at] = data[at]! * kept + blue * opacity;
      data[at + 1] = data[at + 1]! * kept + green * opacity;
      data[at + 2] = data[at + 2]! * kept + red * opacity;
    }
  }
}

/** Width of a text in pixels. */
export const textWidth = (text: string, scale: number): number => [...text].length * (GLYPH_WIDTH + 1) * scale;

const within = (value: number, most: number) => Math.min(Math.max(value, 0), most);

/** The part of a line within `least`…`width` and `least`…`height` (Liang and Barsky, 1984); undefined when there is none. */
function clip(from: Spot, to: Spot, least: number, width: number, height: number): [Spot, Spot] | undefined {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  let [enter, leave] = [0, 1];
  for (const [direction, room] of [
    [-dx, from.x - least],
    [dx, width - from.x],
    [-dy, from.y - least],
    [dy, height - from.y],
  ] as const) {
    if (direction === 0 && room < 0) return undefined;
    if (direction < 0) enter = Math.max(enter, room / direction);
    if (direction > 0) leave = Math.min(leave, room / direction);
  }
  if (!(enter <= leave)) return undefined;
  const at = (share: number) => ({ x: from.x + dx * share, y: from.y + dy * share });
  return [at(enter), at(leave)];
}

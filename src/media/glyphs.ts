import font from "oled-font-5x7";

/** Five columns from left to right; bit 0 is the upper of seven dots. */
export type Glyph = readonly number[];

export const GLYPH_WIDTH = 5;
export const GLYPH_HEIGHT = 7;

/** An empty box, for what the font does not have. */
const UNKNOWN: Glyph = [0x7f, 0x41, 0x41, 0x41, 0x7f];

const glyphs = new Map<string, Glyph>(
  font.lookup.map((character, at) => [character, font.fontData.slice(at * GLYPH_WIDTH, (at + 1) * GLYPH_WIDTH)]),
);

export const glyphOf = (character: string): Glyph => glyphs.get(character) ?? UNKNOWN;

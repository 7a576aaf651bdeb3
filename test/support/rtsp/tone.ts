/** Samples per packet: 20 ms at 8 kHz. */
export const TONE_STEP = 160;

/** A piece of a tone of 440 Hz as G.711 µ-law, from sample `from` on. */
export function tone(from: number): Uint8Array {
  return Uint8Array.from({ length: TONE_STEP }, (_, at) =>
    muLaw(Math.round(8_000 * Math.sin((2 * Math.PI * 440 * (from + at)) / 8_000))),
  );
}

/** ITU-T G.711: sign, three bits of exponent, four of mantissa, all inverted. */
function muLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const biased = Math.min(Math.abs(sample), 32_635) + 132;
  const exponent = Math.floor(Math.log2(biased)) - 7;
  return ~(sign | (exponent << 4) | ((biased >> (exponent + 3)) & 0x0f)) & 0xff;
}

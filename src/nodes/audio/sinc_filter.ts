/** Zero crossings of the filter on each side, at the lower of both rates: what is kept ends at 0.84 of its half. */
const CROSSINGS = 32;
/** Kaiser window for 80 dB: what lies beyond the half of the lower rate is 10,000 times weaker. */
const BETA = 7.857;
/** More would take over 1 MiB of weights; all rates in use have fewer, 11,025 to 16,000 the most of them: 640. */
export const MAX_PHASES = 4_096;

/**
 * A change of rate by a fraction, as a polyphase filter (windowed sinc): `up` samples for every `down` that come in.
 * The weights of one pair of rates; {@link Resampler} keeps the samples.
 */
export interface SincFilter {
  readonly up: number;
  readonly down: number;
  /** Weights of each phase one after the other, for the newest sample last. */
  readonly weights: Float32Array;
  /** Samples that each output is made of. */
  readonly taps: number;
  /** How much later than its sound a sample leaves, in samples of the input. */
  readonly delay: number;
}

/** Undefined when the rates have too little in common for whole phases. */
export function sincFilter(from: number, to: number): SincFilter | undefined {
  const common = commonDivisor(from, to);
  const [up, down] = [to / common, from / common];
  if (up > MAX_PHASES) return undefined;
  const scale = Math.max(1, down / up);
  const delay = Math.ceil(CROSSINGS * scale);
  const taps = 2 * delay;
  const weights = new Float32Array(up * taps);
  for (let phase = 0; phase < up; phase++) fillPhase(weights.subarray(phase * taps, (phase + 1) * taps), phase / up);
  return { up, down, weights, taps, delay };

  /** `ahead`: how far behind the newest sample the output lies, less the delay, in parts of a sample. */
  function fillPhase(phase: Float32Array, ahead: number) {
    // Its stopband begins at the half of the lower rate: the window's slope lies before that.
    const cutoff = (1 - SLOPE) / scale;
    const parts = Array.from(phase, (_, at) => {
      const distance = at - (taps - 1 - delay) - ahead;
      return cutoff * sinc(distance * cutoff) * kaiser(distance / (CROSSINGS * scale));
    });
    // Of sum 1: a steady value stays what it is.
    const sum = parts.reduce((total, part) => total + part, 0);
    for (const [at, part] of parts.entries()) phase[at] = part / sum;
  }
}

/** Half of the way from what is kept to what is not, of the half of the lower rate: (80 − 7.95) / (14.36 · 64). */
const SLOPE = 0.0784;

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

const kaiser = (x: number) => (Math.abs(x) >= 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / bessel(BETA));

/** Modified Bessel function of order 0, to the last bit. */
function bessel(x: number): number {
  let [sum, term] = [1, 1];
  for (let k = 1; k < 64; k++) {
    term *= (x / 2 / k) ** 2;
    sum += term;
  }
  return sum;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

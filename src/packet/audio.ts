import { typeName } from "./type_name.ts";

/**
 * A piece of a sound: the payload of kind `audio`.
 *
 * Its packet's `ts` is the time of its first sample.
 */
export interface Audio {
  /** Samples a second of each channel. */
  readonly sample_rate: number;
  readonly channels: number;
  /** −1…1, one of each channel in turn. */
  readonly samples: Float32Array;
  /**
   * Number of the first sample in its stream, from 0, counted in one channel; never starts again while the process
   * lives. Where it is not the one after the last block, samples are missing.
   */
  readonly sample_idx: number;
}

/** The sound a payload is; throws a TypeError that names the field that is wrong. */
export function audioOf(payload: unknown): Audio {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) {
    const fields = "sample_rate, channels, samples and sample_idx";
    throw new TypeError(`a sound must be a map with ${fields}, got ${typeName(payload)}`);
  }
  const audio = payload as Audio;
  checkWhole("sample_rate", audio.sample_rate, 1);
  checkWhole("channels", audio.channels, 1);
  checkWhole("sample_idx", audio.sample_idx, 0);
  if (!(audio.samples instanceof Float32Array)) throw wrong("samples", "a Float32Array", audio.samples);
  checkSamples(audio);
  return audio;
}

/** Samples of each channel. */
export const audioLength = ({ samples, channels }: Audio): number => samples.length / channels;

function checkWhole(name: "sample_rate" | "channels" | "sample_idx", value: unknown, least: number) {
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    throw wrong(name, `a whole number of at least ${least}`, value);
  }
}

function checkSamples({ samples, channels }: Audio) {
  if (samples.length % channels !== 0) {
    throw wrong("samples", `as many for each of ${channels} channels`, samples.length);
  }
  // Times 0, whatever is a number gives 0 and whatever is none gives NaN, without a look at each.
  let zero = 0;
  for (let at = 0; at < samples.length; at++) zero += samples[at]! * 0;
  if (zero === 0) return;
  const at = samples.findIndex((sample) => !Number.isFinite(sample));
  throw new TypeError(`audio.samples[${at}] must be a number from -1 to 1, got ${samples[at]}`);
}

function wrong(name: string, allowed: string, value: unknown): TypeError {
  const got = typeof value === "number" || typeof value === "string" ? JSON.stringify(value) : typeName(value);
  return new TypeError(`audio.${name} must be ${allowed}, got ${got}`);
}

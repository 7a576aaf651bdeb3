import * as fs from "node:fs";
import * as path from "node:path";
import { seededRandom } from "../../src/base/random.ts";
import { temporaryFolder } from "./folder.ts";
import { ffmpeg } from "./video_clips.ts";

export const SPEECH_RATE = 16_000;

/** Somebody says something: 16 kHz, cut to where it is heard (40 dB below its peak). */
export function speak(voice: string, text: string): Float32Array {
  using folder = temporaryFolder();
  const file = path.join(folder.path, "speech.wav");
  const { success, stderr } = Bun.spawnSync(["espeak-ng", "-v", voice, "-w", file, text]);
  if (!success) throw new Error(`espeak-ng: ${stderr}`);
  return trimmed(samplesIn(file));
}

/** All samples of a file, at 16 kHz in one channel. */
export function samplesIn(file: string): Float32Array {
  if (!fs.existsSync(file)) throw new Error(`there is no ${file}`);
  const bytes = ffmpeg("-i", file, "-ar", String(SPEECH_RATE), "-ac", "1", "-f", "f32le", "-");
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

function trimmed(samples: Float32Array): Float32Array {
  const floor = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0) / 100;
  const heard = (sample: number) => Math.abs(sample) > floor;
  return samples.slice(samples.findIndex(heard), samples.findLastIndex(heard) + 1);
}

/** White noise of this RMS, in dB of full scale; the same every time. */
export function noise(sec: number, dbfs: number): Float32Array {
  const random = seededRandom(7);
  // A uniform number of −a…a has an RMS of a / √3.
  const size = 10 ** (dbfs / 20) * Math.sqrt(3);
  return Float32Array.from({ length: Math.round(sec * SPEECH_RATE) }, () => (random.uint32() / 2 ** 31 - 1) * size);
}

/** `parts` laid over `ground`, each at its second. */
export function mixed(
  ground: Float32Array,
  parts: readonly (readonly [second: number, samples: Float32Array])[],
): Float32Array {
  const all = ground.slice();
  for (const [second, samples] of parts) {
    const from = Math.round(second * SPEECH_RATE);
    for (const [at, sample] of samples.entries()) all[from + at]! += sample;
  }
  return all;
}

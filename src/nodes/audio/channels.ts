/** One channel of interleaved samples. */
export function channelOf(samples: Float32Array, channels: number, channel: number): Float32Array {
  if (channels === 1) return samples;
  const one = new Float32Array(samples.length / channels);
  for (let at = 0; at < one.length; at++) one[at] = samples[at * channels + channel]!;
  return one;
}

/** The mean of all channels. */
export function mean(samples: Float32Array, channels: number): Float32Array {
  if (channels === 1) return samples;
  const one = new Float32Array(samples.length / channels);
  for (let at = 0; at < one.length; at++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += samples[at * channels + channel]!;
    one[at] = sum / channels;
  }
  return one;
}

/** Channels of one length, a sample of each in turn. */
export function interleave(parts: readonly Float32Array[]): Float32Array {
  const [only] = parts;
  if (parts.length === 1) return only!;
  const all = new Float32Array(only!.length * parts.length);
  for (const [channel, part] of parts.entries()) {
    for (let at = 0; at < part.length; at++) all[at * parts.length + channel] = part[at]!;
  }
  return all;
}

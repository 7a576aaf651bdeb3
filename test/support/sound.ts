/** Sounds of which every sample is known. */

/** A sine of `hz`, `sec` long, of one channel. */
export const sine = (hz: number, sampleRate: number, sec: number, amplitude = 0.5): Float32Array =>
  Float32Array.from({ length: Math.round(sampleRate * sec) }, (_, at) => {
    // The phase within one second, so that minutes of it stay exact.
    return amplitude * Math.sin(2 * Math.PI * ((hz * (at % sampleRate)) / sampleRate));
  });

/** A WAV file of 32-bit float samples, interleaved. */
export function wavFile(samples: Float32Array, sampleRate: number, channels = 1): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(44 + samples.byteLength);
  const view = new DataView(file.buffer);
  const text = (at: number, word: string) => file.set(new TextEncoder().encode(word), at);
  text(0, "RIFF");
  view.setUint32(4, file.length - 8, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 3, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * channels * 4, true);
  view.setUint16(32, channels * 4, true);
  view.setUint16(34, 32, true);
  text(36, "data");
  view.setUint32(40, samples.byteLength, true);
  file.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), 44);
  return file;
}

/** Luma of full range from 14-bit shares of 0.299, 0.587 and 0.114, as OpenCV computes it; into `red`. */
export function toGray(red: Uint8Array, green: Uint8Array, blue: Uint8Array) {
  for (let i = 0; i < red.length; i++) red[i] = (red[i]! * 4899 + green[i]! * 9617 + blue[i]! * 1868 + 8192) >> 14;
}

/** Luma of cameras has 16 … 235; in place. */
export function fullRange(luma: Uint8Array) {
  for (let i = 0; i < luma.length; i++) luma[i] = clamp((luma[i]! - 16) * 1.164383);
}

/** BT.601 of limited range, what cameras and ffmpeg's scaler use where a stream says nothing; in place. */
export function yuvToRgb(y: Uint8Array, u: Uint8Array, v: Uint8Array) {
  for (let i = 0; i < y.length; i++) {
    const luma = (y[i]! - 16) * 1.164383;
    const cb = u[i]! - 128;
    const cr = v[i]! - 128;
    y[i] = clamp(luma + 1.596027 * cr);
    u[i] = clamp(luma - 0.391762 * cb - 0.812968 * cr);
    v[i] = clamp(luma + 2.017232 * cb);
  }
}

const clamp = (value: number) => (value < 0 ? 0 : value > 255 ? 255 : (value + 0.5) | 0);

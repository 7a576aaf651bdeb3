import type { Frame } from "../packet/index.ts";
import { writeBgr } from "./pixels.ts";

export interface JpegOptions {
  /** 1…100. Default 80: no visible blocks in a camera's picture, a tenth of the pixels' size. */
  quality?: number;
  /** Pixels; a wider picture is made smaller, keeping its aspect. */
  maxWidth?: number;
}

/** A frame as a JPEG file. The pixels are read before this returns; the encoding is done by another thread. */
export function encodeJpeg(frame: Frame, { quality = 80, maxWidth }: JpegOptions = {}): Promise<Uint8Array> {
  const narrower = maxWidth !== undefined && maxWidth < frame.width;
  // Copied in any case: the encoder reads it while the pool may already have given the memory to the next frame.
  if (frame.format === "jpeg" && !narrower) return Promise.resolve(new Uint8Array(frame.data));
  const image = new Bun.Image(frame.format === "jpeg" ? new Uint8Array(frame.data) : bitmap(frame));
  if (narrower) image.resize(maxWidth, undefined, { filter: "bilinear" });
  return image.jpeg({ quality }).bytes();
}

/** Bytes before the pixels of a BMP file: file header and BITMAPINFOHEADER. */
const HEADER = 54;

/** A frame as a BMP file, which is what the encoder takes of raw pixels: rows of BGR, padded to four bytes. */
export function bitmap(frame: Frame): Uint8Array<ArrayBuffer> {
  const { width, height } = frame;
  const stride = Math.ceil((width * 3) / 4) * 4;
  const file = new Uint8Array(HEADER + stride * height);
  const header = new DataView(file.buffer);
  file.set([0x42, 0x4d]);
  header.setUint32(2, file.length, true);
  header.setUint32(10, HEADER, true);
  header.setUint32(14, 40, true);
  header.setInt32(18, width, true);
  // Negative: the first row is the upper one.
  header.setInt32(22, -height, true);
  header.setUint16(26, 1, true);
  header.setUint16(28, 24, true);
  writeBgr(frame, file, HEADER, stride);
  return file;
}

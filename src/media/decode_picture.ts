import { inflateSync } from "node:zlib";
import { MAX_PIXELS } from "./decode_error.ts";

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Writes the pixels as blue, green, red, without gaps. */
  writeBgr(into: Uint8Array): void;
}

const SIGNATURE_BYTES = 8;
/** Length, name and checksum of a PNG chunk. */
const CHUNK_BYTES = 12;
/** Samples of a pixel by PNG colour type: gray, RGB, RGBA. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 6: 4 };

/**
 * Decodes a JPEG, PNG, WebP, GIF or BMP. Bun's decoder runs on another thread and hands pixels over only as a file, so
 * they come as a PNG that is not compressed. Rejects with an Error in the decoder's words.
 */
export async function decodePicture(file: Uint8Array): Promise<Picture> {
  // Not Uint8Array.from, which takes a Buffer number by number: 0.1 s a megabyte.
  const png = await new Bun.Image(new Uint8Array(file), { maxPixels: MAX_PIXELS }).png({ compressionLevel: 0 }).bytes();
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const channels = CHANNELS[png[25]!];
  if (channels === undefined || png[24] !== 8) throw new Error(`its pixels came as type ${png[25]} of ${png[24]} bits`);
  const rows = inflateSync(Buffer.concat(pixelChunks(png, view)));
  return { width, height, writeBgr: (into) => copyRows(rows, { width, height, channels }, into) };
}

function pixelChunks(png: Uint8Array, view: DataView): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = SIGNATURE_BYTES; at < png.length; at += CHUNK_BYTES + view.getUint32(at)) {
    const name = view.getUint32(at + 4);
    if (name === 0x49444154) chunks.push(png.subarray(at + 8, at + 8 + view.getUint32(at)));
  }
  return chunks;
}

interface Rows {
  width: number;
  height: number;
  channels: number;
}

/** Each row has a byte before it that says how it was filtered. */
function copyRows(rows: Uint8Array, { width, height, channels }: Rows, into: Uint8Array) {
  const [red, green, blue] = channels === 1 ? [0, 0, 0] : [0, 1, 2];
  let to = 0;
  for (let y = 0; y < height; y++) {
    let from = y * (1 + width * channels);
    if (rows[from] !== 0) throw new Error("its pixels came filtered");
    from += 1;
    for (let x = 0; x < width; x++, from += channels) {
      into[to++] = rows[from + blue]!;
      into[to++] = rows[from + green]!;
      into[to++] = rows[from + red]!;
    }
  }
}

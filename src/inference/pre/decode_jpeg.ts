import * as zlib from "node:zlib";
import type { Frame } from "../../packet/index.ts";

/** The longest side that is decoded: 16 k x 16 k would be 800 MB of pixels. */
const MAX_PIXELS = 50_000_000;

type Picture = Omit<Frame, "frame_idx">;

/**
 * A JPEG as RGB, decoded by Bun.Image. That hands out pixels only inside a file, so it writes a PNG without compression
 * and this reads the pixels out of it.
 */
export async function decodeJpeg(jpeg: Uint8Array): Promise<Picture> {
  // A copy: Bun.Image does not read shared memory.
  const image = new Bun.Image(new Uint8Array(jpeg));
  const { width, height } = await image.metadata();
  if (width * height > MAX_PIXELS) {
    throw new Error(
      `the jpeg has ${width}x${height} pixels, at most ${MAX_PIXELS} are decoded: scale it at its source`,
    );
  }
  return pixelsOf(await image.png({ compressionLevel: 0 }).bytes());
}

const SIGNATURE_BYTES = 8;
/** Of the colour types of PNG these have 8-bit samples: gray, RGB, gray and alpha, RGBA. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 };

function pixelsOf(png: Uint8Array): Picture {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const parts: Uint8Array[] = [];
  let header = { width: 0, height: 0, samples: 0 };
  for (let at = SIGNATURE_BYTES; at + 8 <= png.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    const body = at + 8;
    if (type === "IDAT") parts.push(png.subarray(body, body + length));
    if (type === "IHDR") {
      const samples = SAMPLES[png[body + 9]!] ?? 0;
      header = { width: view.getUint32(body), height: view.getUint32(body + 4), samples };
    }
    at = body + length + 4;
  }
  return unfiltered(zlib.inflateSync(Buffer.concat(parts)), header);
}

interface Header {
  width: number;
  height: number;
  samples: number;
}

/** Drops each row's filter byte and the alpha. */
function unfiltered(rows: Uint8Array, { width, height, samples }: Header): Picture {
  const data = new Uint8Array(width * height * 3);
  const row = 1 + width * samples;
  if (samples === 0 || rows.length !== row * height) throw new Error("the jpeg was decoded into an unknown layout");
  const colours = samples >= 3 ? ([0, 1, 2] as const) : ([0, 0, 0] as const);
  let to = 0;
  for (let y = 0; y < height; y++) {
    let from = y * row;
    if (rows[from] !== 0) throw new Error(`the jpeg was decoded with row filter ${rows[from]}, and only 0 is read`);
    from += 1;
    for (let x = 0; x < width; x++, from += samples) {
      data[to++] = rows[from + colours[0]]!;
      data[to++] = rows[from + colours[1]]!;
      data[to++] = rows[from + colours[2]]!;
    }
  }
  return { width, height, format: "rgb24", stride: width * 3, data };
}

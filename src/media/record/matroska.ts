/** A JPEG and when it was seen. */
export interface TimedJpeg {
  readonly atMs: number;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

type Body = Uint8Array | readonly Uint8Array[];

/**
 * JPEGs with their times as a Matroska stream of one MJPEG track, for ffmpeg's stdin: it takes pictures without a
 * container at a steady rate only. Eleven kinds of element are all it needs; ffmpeg makes the file that stays.
 */
export function* matroska(pictures: readonly TimedJpeg[]): Generator<Uint8Array, void> {
  const { width, height, atMs: startMs } = pictures[0]!;
  yield element(0x1a45dfa3, [element(0x4282, text("matroska")), element(0x4287, uint(4)), element(0x4285, uint(2))]);
  yield SEGMENT;
  // A timestamp counts millions of nanoseconds, so milliseconds.
  yield element(0x1549a966, [element(0x2ad7b1, uint(1_000_000))]);
  const video = element(0xe0, [element(0xb0, uint(width)), element(0xba, uint(height))]);
  const track = [element(0xd7, uint(1)), element(0x73c5, uint(1)), element(0x83, uint(1))];
  yield element(0x1654ae6b, element(0xae, [...track, element(0x86, text("V_MJPEG")), video]));
  for (const { atMs, data } of pictures) {
    yield element(0x1f43b675, [element(0xe7, uint(Math.round(atMs - startMs))), element(0xa3, [BLOCK_HEAD, data])]);
  }
}

/** Of unknown length: it goes on to the end of the stream. */
const SEGMENT = Uint8Array.from([...bytesOf(0x18538067), 0x01, 255, 255, 255, 255, 255, 255, 255]);
/** Track 1, at its cluster's very time, a key frame. */
const BLOCK_HEAD = Uint8Array.from([0x81, 0, 0, 0x80]);

const text = (value: string) => new TextEncoder().encode(value);
const uint = (value: number) => Uint8Array.from(bytesOf(value));

function element(id: number, body: Body): Uint8Array {
  const parts = body instanceof Uint8Array ? [body] : body;
  const length = parts.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([Uint8Array.from(bytesOf(id)), lengthOf(length), ...parts]);
}

/** Always in eight bytes, the first of which says that they are eight. */
function lengthOf(length: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length) | (1n << 56n));
  return bytes;
}

/** Big-endian, without leading zeros. */
function bytesOf(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; rest > 0 || bytes.length === 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return bytes;
}

import type { NutCursor } from "./nut_cursor.ts";

/** Flags of a frame code. */
export const FRAME = {
  codedPts: 8,
  streamId: 16,
  sizeMsb: 32,
  checksum: 64,
  reserved: 128,
  sideData: 256,
  headerIdx: 1_024,
  matchTime: 2_048,
  coded: 4_096,
  invalid: 8_192,
} as const;

/** What one frame code stands for. */
export interface FrameCode {
  flags: number;
  stream: number;
  sizeMul: number;
  sizeLsb: number;
  ptsDelta: number;
  reserved: number;
  headerIdx: number;
}

export interface NutMain {
  readonly timeBases: readonly (readonly [num: number, den: number])[];
  readonly codes: readonly FrameCode[];
  /** Bytes that frames may begin with and that are left out of the file then. */
  readonly elided: readonly Uint8Array[];
}

/** Reads the packet that says how frames are coded. */
export function readMain(cursor: NutCursor): NutMain {
  const version = cursor.number();
  // 3 is what every ffmpeg writes; 4 adds a minor number and flags, for features nobody asked for here.
  if (version !== 3) throw new Error(`it has version ${version} of its format, and 3 is known`);
  const streams = cursor.number();
  if (streams !== 1) throw new Error(`it has ${streams} streams, and one was asked for`);
  cursor.number();
  const timeBases = Array.from({ length: cursor.number() }, () => [cursor.number(), cursor.number()] as const);
  const codes = readCodes(cursor);
  const elided = Array.from({ length: cursor.number() }, () => cursor.block().slice());
  return { timeBases, codes, elided: [new Uint8Array(0), ...elided] };
}

/** Runs of codes; each run gives only the fields in which it differs from the one before. */
function readCodes(cursor: NutCursor): FrameCode[] {
  const codes: FrameCode[] = [];
  let [pts, mul, stream, headerIdx] = [0, 1, 0, 0];
  while (codes.length < 256) {
    const flags = cursor.number();
    const fields = cursor.number();
    if (fields > 0) pts = cursor.signed();
    if (fields > 1) mul = cursor.number();
    if (fields > 2) stream = cursor.number();
    const size = fields > 3 ? cursor.number() : 0;
    const reserved = fields > 4 ? cursor.number() : 0;
    const count = fields > 5 ? cursor.number() : mul - size;
    if (fields > 6) cursor.skipNumber();
    if (fields > 7) headerIdx = cursor.number();
    for (let field = 8; field < fields; field++) cursor.skipNumber();
    const run = { flags, stream, sizeMul: mul, ptsDelta: pts, reserved, headerIdx };
    // "N" begins every packet that is no frame, so it is no frame code, and the run goes on behind it.
    for (let at = 0; at < count && codes.length < 256; ) {
      if (codes.length === N) codes.push({ ...run, flags: FRAME.invalid, sizeLsb: 0 });
      else codes.push({ ...run, sizeLsb: size + at++ });
    }
    if (count <= 0) throw new Error("its table of frame codes has an empty run");
  }
  return codes;
}

export const N = "N".charCodeAt(0);

export interface NutStream {
  readonly timeBase: readonly [num: number, den: number];
  readonly msbPtsShift: number;
  /** Pixels; 0 unless it is a video stream. */
  readonly width: number;
  readonly height: number;
}

/** Reads the packet about the one stream. */
export function readStream(cursor: NutCursor, { timeBases }: NutMain): NutStream {
  cursor.number();
  const isVideo = cursor.number() === 0;
  cursor.block();
  const timeBase = timeBases[cursor.number()];
  if (timeBase === undefined) throw new Error("its stream has a time base that is not listed");
  const msbPtsShift = cursor.number();
  for (let field = 0; field < 3; field++) cursor.number();
  cursor.block();
  const [width, height] = isVideo ? [cursor.number(), cursor.number()] : [0, 0];
  return { timeBase, msbPtsShift, width, height };
}

/** The rate of the pictures, if the packet with facts has one. */
export function readFrameRate(cursor: NutCursor): number | undefined {
  if (cursor.number() !== 1) return undefined;
  for (let field = 0; field < 3; field++) cursor.skipNumber();
  for (let facts = cursor.number(); facts > 0; facts--) {
    const name = cursor.text();
    const kind = cursor.signed();
    // -1 is a text; what ffmpeg writes here is nothing else.
    if (kind !== -1) return undefined;
    const value = cursor.text();
    if (name === "r_frame_rate") return ratio(value);
  }
  return undefined;
}

function ratio(text: string): number | undefined {
  const [num = 0, den = 0] = text.split("/").map(Number);
  return num > 0 && den > 0 ? num / den : undefined;
}

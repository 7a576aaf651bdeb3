import { PIXELS } from "./pixels_wasm.ts";

/** What pixels.wat does, in one memory. Everything is an address in it, or a number of bytes or pixels. */
export interface PixelKernel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * The luma rows `y` and `z`, and the row of chroma that both have, as red, green and blue, `plane` bytes apart from
   * `to` on; those of `z` are `row` bytes behind. Reads and writes up to 7 bytes beyond each row.
   */
  yuvRows(y: number, z: number, u: number, v: number, to: number, plane: number, row: number, width: number): void;
  /** Pixels of three bytes as three rows, `plane` bytes apart. Reads up to 47 bytes beyond, and writes up to 15. */
  splitRow(from: number, to: number, plane: number, width: number): void;
  /** Three rows of at least {@link LEAST_WIDTH} bytes as pixels of three bytes. */
  weaveRow(a: number, b: number, c: number, to: number, count: number): void;
  /** At least {@link LEAST_WIDTH} bytes p as floats (p · a + b) + (p · c + d). */
  floatRow(from: number, to: number, count: number, a: number, b: number, c: number, d: number): void;
}

/** Rows are written 16 pixels at a time, and nothing behind them is. */
export const LEAST_WIDTH = 16;
/** What the kernel touches behind a row, rounded up to a step. */
export const BEYOND = 48;

const PAGE = 65_536;

let compiled: WebAssembly.Module | undefined;

/** False on an x64 without AVX, for which there is no vector code: the plain code does it there. */
export const hasKernel: boolean = WebAssembly.validate(code());

/** The kernel with `size` bytes of memory. Throws a RangeError when there is not so much. */
export function openKernel(size: number): PixelKernel {
  compiled ??= new WebAssembly.Module(code());
  const pages = Math.ceil(size / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(compiled, { "": { memory } });
  return { ...(exports as unknown as PixelKernel), bytes: new Uint8Array(memory.buffer as ArrayBuffer) };
}

function code(): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(PIXELS);
}

/** What an executable's own header says it runs on. */
export interface Platform {
  os: "linux" | "darwin" | "windows";
  arch: "x64" | "arm64";
  /** Linux: the loader named in the file, which tells glibc from musl. */
  loader?: string;
}

const ELF_MACHINES: Record<number, Platform["arch"]> = { 62: "x64", 183: "arm64" };
const MACH_O_CPUS: Record<number, Platform["arch"]> = { 16777223: "x64", 16777228: "arm64" };
const PE_MACHINES: Record<number, Platform["arch"]> = { 34404: "x64", 43620: "arm64" };

/** Reads the header of an ELF, Mach-O or PE file; throws on anything else. */
export function platformOf(bytes: Uint8Array): Platform {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) === 0x7f454c46) {
    return { os: "linux", arch: known(ELF_MACHINES, view.getUint16(18, true)), loader: elfLoader(view, bytes) };
  }
  if (view.getUint32(0, true) === 0xfeedfacf)
    return { os: "darwin", arch: known(MACH_O_CPUS, view.getUint32(4, true)) };
  if (view.getUint16(0) === 0x4d5a) {
    return { os: "windows", arch: known(PE_MACHINES, view.getUint16(view.getUint32(60, true) + 4, true)) };
  }
  throw new Error(`Cannot tell what this file runs on: it starts with ${bytes.slice(0, 4).toHex()}`);
}

function known(table: Record<number, Platform["arch"]>, machine: number): Platform["arch"] {
  const arch = table[machine];
  if (arch === undefined) throw new Error(`Cannot tell what this file runs on: machine ${machine}`);
  return arch;
}

/** PT_INTERP of a 64-bit little-endian ELF file. */
function elfLoader(view: DataView, bytes: Uint8Array): string {
  const [table, size, count] = [
    Number(view.getBigUint64(32, true)),
    view.getUint16(54, true),
    view.getUint16(56, true),
  ];
  const headers = Array.from({ length: count }, (_, index) => table + index * size);
  const interpreter = headers.find((header) => view.getUint32(header, true) === 3);
  if (interpreter === undefined) return "";
  const start = Number(view.getBigUint64(interpreter + 8, true));
  return Buffer.from(bytes.subarray(start, bytes.indexOf(0, start))).toString("latin1");
}

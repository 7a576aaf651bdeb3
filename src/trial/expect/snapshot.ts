import * as fs from "node:fs";
import * as path from "node:path";
import type { StreamPacket } from "../../packet/index.ts";

/** Snapshot files: what came once, kept for comparing. */
export interface Snapshots {
  /** Where the test file is. */
  readonly folder: string;
  readonly update: boolean;
  /** With `update`: what is to be written, once everything else of the case holds. */
  readonly changed: { readonly file: string; readonly text: string }[];
}

/** What came of a case that does not hold is no measure for the next run. */
export function writeSnapshots({ folder, changed }: Pick<Snapshots, "folder" | "changed">): string[] {
  return changed.map(({ file, text }) => {
    const at = path.resolve(folder, file);
    fs.mkdirSync(path.dirname(at), { recursive: true });
    fs.writeFileSync(at, text);
    return at;
  });
}

/** Packets as lines of JSON; of bytes only what tells them apart. */
export function packetLines(packets: readonly StreamPacket[]): string {
  const lines = packets.map(({ packet_id, ts, kind, source_id, payload, meta }) =>
    JSON.stringify({ packet_id, ts, kind, source_id, payload, meta }, withoutBytes),
  );
  return lines.map((line) => `${line}\n`).join("");
}

function withoutBytes(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const own = this[key];
  if (ArrayBuffer.isView(own)) {
    const bytes = new Uint8Array(own.buffer, own.byteOffset, own.byteLength);
    return { bytes: bytes.length, sha256: new Bun.CryptoHasher("sha256").update(bytes).digest("hex") };
  }
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

/** Why `text` is not what the snapshot says; undefined when it is, or is to become it. */
export function snapshotDiffers(
  text: string,
  file: string,
  { folder, update, changed }: Snapshots,
): string | undefined {
  const at = path.resolve(folder, file);
  const kept = fs.existsSync(at) ? fs.readFileSync(at, "utf8") : undefined;
  if (kept === text) return undefined;
  if (update) {
    changed.push({ file, text });
    return undefined;
  }
  if (kept === undefined) return `snapshot ${file} is not there: schnitzel test --update writes it`;
  return `is not snapshot ${file}${lineDifference(kept, text)}\n    if that is right now: schnitzel test --update`;
}

/** The first line that differs, of both. */
export function lineDifference(wanted: string, got: string): string {
  const [before, after] = [wanted.split("\n"), got.split("\n")];
  const at = before.findIndex((line, index) => line !== after[index]);
  const line = at < 0 ? before.length : at;
  const text = (of: readonly string[]) => (line >= of.length ? "(nothing)" : of[line]!.slice(0, 400));
  return `\n    line ${line + 1}\n    - ${text(before)}\n    + ${text(after)}`;
}

import * as fs from "node:fs";
import * as path from "node:path";
import { BYTE_SIZE, bytesOf } from "../base/byte_size.ts";
import { type MaskPath, maskPath } from "../record/index.ts";
import { type FlagValues, flag, UsageError } from "./command/index.ts";
import type { Terminal } from "./terminal.ts";

/** Why 1 GiB: an hour of 200 packets a second of 1 kB, or six minutes of 640x480 pictures at 5 a second; a small disk has it. */
const MAX_BYTES = 1024 * 1024 * 1024;
/** Why an hour: one that was forgotten ends, and what is looked for was in the last minutes. */
const MAX_SECONDS = 3_600;

export const RECORD_FLAGS = {
  record: flag.text("FILE", "Record what the sources send, for schnitzel replay and schnitzel test; a new file."),
  "record-max-bytes": flag.text("SIZE", "Recording ends at this size, and the run goes on; 1GiB unless given."),
  "record-max-seconds": flag.amount("S", "Recording ends after S seconds, and the run goes on; 3600 unless given."),
  "record-mask": flag.texts("PATH", "Write *** in place of this, such as payload.user.name or payload.items[*].plate."),
  "record-blobs": flag.toggle("Also record the bytes that payload.ref leads to, where they are files."),
};

/** What {@link RECORD_FLAGS} say, checked. */
export interface RecordSettings {
  readonly file: string;
  readonly maxBytes: number;
  readonly maxSeconds: number;
  readonly masks: readonly { readonly text: string; readonly path: MaskPath }[];
  readonly blobs: boolean;
}

export function recordSettings(flags: FlagValues<typeof RECORD_FLAGS>, terminal: Terminal): RecordSettings | undefined {
  const { record, "record-mask": masks } = flags;
  if (record === undefined) {
    const alone = Object.entries(flags).find(([name, value]) => name.startsWith("record-") && isGiven(value));
    if (alone !== undefined)
      throw new UsageError(`--${alone[0]} says how to record, and nothing is recorded`, "add --record FILE");
    return undefined;
  }
  const file = path.resolve(terminal.cwd, record);
  if (fs.existsSync(file))
    throw new UsageError(`--record ${record} is there already`, "name a new file, or remove that one");
  if (!fs.existsSync(path.dirname(file)))
    throw new UsageError(`cannot write --record ${record}: its folder is not there`);
  return {
    file,
    maxBytes: sizeOf(flags["record-max-bytes"]),
    maxSeconds: flags["record-max-seconds"] ?? MAX_SECONDS,
    masks: masks.map((text) => ({ text, path: pathOf(text) })),
    blobs: flags["record-blobs"],
  };
}

const isGiven = (value: unknown) =>
  value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);

function sizeOf(size: string | undefined): number {
  if (size === undefined) return MAX_BYTES;
  if (BYTE_SIZE.test(size) && bytesOf(size) > 0) return bytesOf(size);
  throw new UsageError(`--record-max-bytes must be a size such as 200MiB: current value is "${size}"`);
}

function pathOf(text: string): MaskPath {
  const found = maskPath(text);
  if (found !== undefined) return found;
  throw new UsageError(
    `--record-mask must lead into payload or meta: current value is "${text}"`,
    "write payload.user.name, or payload.items[*].plate for every item",
  );
}

import * as fs from "node:fs";
import type { Random } from "../../../src/base/random.ts";

const PAGE = 4_096;

/** A queue's files, by what follows the name; absent: there is none. */
export type Files = Map<string, Buffer>;

const pick = (random: Random, count: number) => Math.floor(random.float() * Math.max(1, count));

function flip(bytes: Buffer, random: Random, count: number) {
  for (let at = 0; at < count && bytes.length > 0; at++) bytes[pick(random, bytes.length)]! ^= 1 << pick(random, 8);
}

function fillPage(bytes: Buffer, random: Random, byte: () => number) {
  const start = pick(random, Math.floor(bytes.length / PAGE)) * PAGE;
  for (let at = start; at < Math.min(start + PAGE, bytes.length); at++) bytes[at] = byte();
}

function cut(files: Files, end: string, random: Random) {
  const bytes = files.get(end)!;
  files.set(end, bytes.subarray(0, pick(random, bytes.length)));
}

/** What may happen to files on a disk, by name. */
export const DAMAGES: Readonly<Record<string, (files: Files, random: Random) => void>> = {
  "one bit of the file": (files, random) => flip(files.get("")!, random, 1),
  "some bits of the file": (files, random) => flip(files.get("")!, random, 2 + pick(random, 30)),
  "one bit of the header": (files, random) => flip(files.get("")!.subarray(0, 100), random, 1),
  "one bit of the first page": (files, random) => flip(files.get("")!.subarray(0, PAGE), random, 1),
  "one bit of the log": (files, random) => flip(files.get("-wal")!, random, 1),
  "some bits of the log": (files, random) => flip(files.get("-wal")!, random, 2 + pick(random, 30)),
  "the file cut off": (files, random) => cut(files, "", random),
  "the log cut off": (files, random) => cut(files, "-wal", random),
  "both cut off": (files, random) => {
    cut(files, "", random);
    cut(files, "-wal", random);
  },
  "a page of zeros": (files, random) => fillPage(files.get("")!, random, () => 0),
  "a page of noise": (files, random) => fillPage(files.get("")!, random, () => pick(random, 256)),
  "a page of zeros in the log": (files, random) => fillPage(files.get("-wal")!, random, () => 0),
  "two pages exchanged": (files, random) => {
    const bytes = files.get("")!;
    const [one, other] = [0, 0].map(() => pick(random, Math.floor(bytes.length / PAGE)) * PAGE) as [number, number];
    const kept = Buffer.from(bytes.subarray(one, one + PAGE));
    bytes.copy(bytes, one, other, other + PAGE);
    kept.copy(bytes, other);
  },
  "the log deleted": (files) => void files.delete("-wal"),
  "the file deleted": (files) => void files.delete(""),
  "the file empty": (files) => void files.set("", Buffer.alloc(0)),
  "noise in the place of the file": (files, random) =>
    void files.set("", Buffer.from(Array.from({ length: pick(random, 20_000) }, () => pick(random, 256)))),
  "noise in the place of the log": (files, random) =>
    void files.set("-wal", Buffer.from(Array.from({ length: pick(random, 20_000) }, () => pick(random, 256)))),
  "noise after the end": (files, random) =>
    void files.set("", Buffer.concat([files.get("")!, Buffer.alloc(pick(random, 9_000), 0xa5)])),
  "an older file under a newer log": (files, random) =>
    void files.set("", Buffer.from(files.get("")!).fill(0, PAGE * (1 + pick(random, 3)))),
};

/** All files of the queue, as a kill leaves them. */
export function takeFiles(file: string): Files {
  return new Map(["", "-wal", ".hwm"].map((end) => [end, fs.readFileSync(file + end)]));
}

export function putFiles(file: string, files: Files) {
  for (const end of ["", "-wal", ".hwm"]) {
    const bytes = files.get(end);
    if (bytes === undefined) fs.rmSync(file + end, { force: true });
    else fs.writeFileSync(file + end, bytes);
  }
}

import * as fs from "node:fs";
import { systemClock } from "../base/clock.ts";
import { entropySeed, seededRandom } from "../base/random.ts";
import { download, type ModelStore, sha256OfFile, storeDownload } from "../inference/index.ts";
import { createRedactor } from "../observe/index.ts";
import { megabytes } from "./model_store.ts";
import type { Terminal } from "./terminal.ts";

export interface WantedModel {
  readonly name: string;
  readonly url?: string | undefined;
  readonly sha256: string;
  readonly license: string;
  /** Known of what is in the catalogue. */
  readonly bytes?: number;
}

/** Left free beside a model: a full disk stops more than this command. */
const ROOM_BYTES = 16 * 1024 * 1024;

/** Stored with the very bytes that are wanted; what was damaged since is not. */
export const isStored = (store: ModelStore, { name, sha256 }: WantedModel) =>
  store.has(name) && store.record(name).sha256 === sha256 && sha256OfFile(store.file(name)) === sha256;

/** Downloads a model into the store; throws an Error that says why it cannot. */
export async function fetchModel(url: string, model: WantedModel, store: ModelStore, terminal: Terminal) {
  const { name, sha256, license, bytes } = model;
  fs.mkdirSync(store.folder, { recursive: true });
  const part = store.part(name, sha256);
  checkRoom(store.folder, name, (bytes ?? 0) - (fs.statSync(part, { throwIfNoEntry: false })?.size ?? 0));
  const progress = progressOf(name, terminal);
  try {
    await download({
      ...{ url, part, bytes, fetch, clock: systemClock, random: seededRandom(entropySeed()) },
      ...{ onProgress: progress.show, spare: () => freeBytes(store.folder) - ROOM_BYTES },
    });
  } finally {
    progress.end();
  }
  const source = createRedactor().text(url);
  await storeDownload(store, part, name, { sha256, license, source, bytes: bytes ?? 0 });
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = fs.statfsSync(folder);
  return bavail * bsize;
}

function checkRoom(folder: string, name: string, needed: number) {
  const free = freeBytes(folder);
  if (free >= needed + ROOM_BYTES) return;
  throw new Error(
    `cannot store model ${name}: ${folder} has ${megabytes(free)} free, and ${megabytes(needed + ROOM_BYTES)} are needed; ` +
      "make room, or choose another folder with --models DIR",
  );
}

/** Shown often enough to move, and too seldom to cost. */
const EVERY_MS = 100;

/** One line that is written over; nothing where nobody looks. */
function progressOf(name: string, { err }: Terminal) {
  if (process.stderr.isTTY !== true) return { show: undefined, end() {} };
  let shownMs = Number.NEGATIVE_INFINITY;
  return {
    show(done: number, total: number | undefined) {
      const nowMs = systemClock.monotonicMs();
      if (nowMs - shownMs < EVERY_MS && done !== total) return;
      shownMs = nowMs;
      err(`\r${progressText(name, done, total)}\u001b[K`);
    },
    end: () => err("\r\u001b[K"),
  };
}

/** `yolox_s: 12.5 of 35.9 MB, 34 %`. */
export const progressText = (name: string, done: number, total: number | undefined) =>
  total === undefined
    ? `${name}: ${megabytes(done)}`
    : `${name}: ${(done / 1e6).toFixed(1)} of ${megabytes(total)}, ${Math.floor((100 * done) / total)} %`;

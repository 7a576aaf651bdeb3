import * as fs from "node:fs";
import { fullJitterMs } from "../../base/backoff.ts";
import { type Clock, sleep } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { toError } from "../../base/to_error.ts";

export interface Download {
  readonly url: string;
  /** Where the bytes gather; what lies there is taken to be their beginning. */
  readonly part: string;
  /** Length of the whole, where it is known. */
  readonly bytes?: number | undefined;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly clock: Clock;
  readonly random: Random;
  /** Called for every piece. */
  readonly onProgress?: (done: number, total: number | undefined) => void;
  /** Bytes that the disk has to spare; without it nobody asks. */
  readonly spare?: () => number;
  /** Between two pieces; default 30 s, as a mobile network hands over within it. */
  readonly stallMs?: number;
}

const STALL_MS = 30_000;
/** Tries in a row that bring nothing: 0.5 + 1 + 2 + 4 s of waiting at most between them. */
const IDLE_TRIES = 5;
/** Tries at all; one that brings a few bytes each time must end too. */
const MAX_TRIES = 100;
/** The largest file that is taken when only the server says its length, or nobody: an ONNX file has no more. */
const MAX_BYTES = 2 ** 31;

/** What another try will not mend. */
class Refused extends Error {}

/** Brings a file to `part`, going on where an earlier try was cut off. Whether the bytes are right is not its business. */
export async function download(job: Download): Promise<void> {
  let idle = 0;
  for (let tries = 1; ; tries++) {
    const before = sizeOf(job.part);
    if (before === job.bytes) return;
    try {
      return await attempt(job, before);
    } catch (thrown) {
      const error = toError(thrown);
      idle = sizeOf(job.part) > before ? 0 : idle + 1;
      if (error instanceof Refused || idle >= IDLE_TRIES || tries >= MAX_TRIES) throw told(job, error, tries);
      await sleep(job.clock, fullJitterMs(job.random, idle, 500, 10_000));
    }
  }
}

function told({ url, part }: Download, { message }: Error, tries: number): Error {
  const kept =
    sizeOf(part) > 0 ? `; ${sizeOf(part)} bytes are kept in ${part}, the same command goes on from there` : "";
  // Bun's own hint is for who wrote the call.
  const why = message.replace(/\.? For more information, pass `verbose.*$/s, "");
  return new Error(`cannot download ${url}${tries > 1 ? ` in ${tries} tries` : ""}: ${why}${kept}`);
}

const sizeOf = (file: string) => fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;

async function attempt(job: Download, from: number): Promise<void> {
  const stop = new AbortController();
  const watch = watchdog(job, stop);
  try {
    const headers = { "accept-encoding": "identity", ...(from > 0 ? { range: `bytes=${from}-` } : {}) };
    const response = await job.fetch(job.url, { headers, signal: stop.signal });
    watch.alive();
    const start = startOf(response, from, job.part);
    const total = job.bytes ?? lengthOf(response, start);
    if (total !== undefined) checkRoom(job, total - start);
    await take(response, start, total, job, watch.alive);
  } catch (error) {
    throw watch.stalled() ? new Error(`nothing came for ${job.stallMs ?? STALL_MS} ms`) : error;
  } finally {
    watch.end();
    // Whatever else the server would send is not wanted.
    stop.abort();
  }
}

/** Ends a try in which nothing comes. */
function watchdog({ clock, stallMs = STALL_MS }: Download, stop: AbortController) {
  let stalled = false;
  const start = () =>
    clock.setTimer(() => {
      stalled = true;
      stop.abort();
    }, stallMs);
  let cancel = start();
  return {
    alive() {
      cancel();
      cancel = start();
    },
    end: () => cancel(),
    stalled: () => stalled,
  };
}

/** Where in the file the answer begins: 0 from servers that know no ranges. */
function startOf({ status, statusText, headers }: Response, from: number, part: string): number {
  if (status === 200) return 0;
  if (status === 206) {
    const start = Number(/^bytes (\d+)-/.exec(headers.get("content-range") ?? "")?.[1]);
    if (start === from) return from;
    throw new Refused(`it was asked for bytes from ${from} and answered with ${headers.get("content-range")}`);
  }
  if (status === 416) {
    // What lies here is no beginning of that file; the next try starts anew.
    fs.rmSync(part, { force: true });
    throw new Error(`the server has no bytes from ${from}`);
  }
  const message = `the server answered ${status} ${statusText}`.trimEnd();
  // Too busy, or ill: it may be better soon.
  throw status === 429 || status >= 500 ? new Error(message) : new Refused(message);
}

function lengthOf({ headers }: Response, start: number): number | undefined {
  const length = headers.get("content-length");
  if (length === null) return undefined;
  const total = start + Number(length);
  if (total <= MAX_BYTES) return total;
  throw new Refused(`the server says it has ${total} bytes, at most ${MAX_BYTES} are taken`);
}

/** Others write to the disk as well, so it is asked before each piece: that takes microseconds. */
function checkRoom({ spare }: Download, needed: number) {
  const room = spare?.() ?? Number.POSITIVE_INFINITY;
  if (needed > room) throw new Refused(`${needed} bytes are needed, and the disk has ${Math.max(0, room)} to spare`);
}

async function take({ body }: Response, start: number, total: number | undefined, job: Download, alive: () => void) {
  const { part, onProgress } = job;
  const descriptor = fs.openSync(part, start === 0 ? "w" : "a", 0o644);
  let done = start;
  try {
    for await (const piece of body ?? []) {
      alive();
      if (done + piece.length > (total ?? MAX_BYTES)) {
        throw new Refused(`it is longer than the ${total ?? MAX_BYTES} bytes it should have`);
      }
      checkRoom(job, piece.length);
      write(descriptor, piece);
      done += piece.length;
      onProgress?.(done, total);
    }
  } finally {
    fs.closeSync(descriptor);
  }
  if (total !== undefined && done < total) throw new Error(`it was cut off after ${done} of ${total} bytes`);
}

/** A disk that is full does not get empty by another try. */
function write(descriptor: number, bytes: Uint8Array) {
  try {
    for (let done = 0; done < bytes.length; ) done += fs.writeSync(descriptor, bytes, done);
  } catch (error) {
    throw new Refused((error as Error).message);
  }
}

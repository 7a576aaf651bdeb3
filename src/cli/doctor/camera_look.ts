import { systemClock } from "../../base/clock.ts";
import {
  ABORTED,
  type CameraAddress,
  DecodeError,
  type Fault,
  fault,
  faultOf,
  findFfmpeg,
  httpInput,
  LATE,
  openDecoder,
  rtspInput,
  type StreamInfo,
  within,
  withoutSecrets,
} from "../../media/index.ts";
import type { Ffmpeg } from "../../node/index.ts";
import { exchange } from "../exchange.ts";
import { spawnChild } from "../spawn_child.ts";

export interface LookOptions {
  transport: "tcp" | "udp";
  lookMs: number;
}

/** Pictures that came in one connection. */
export interface Pictures {
  readonly info: StreamInfo;
  /** From the start of ffmpeg. */
  readonly firstMs: number;
  /** Positions in the stream, milliseconds. */
  readonly atMs: readonly number[];
  readonly complaints: readonly string[];
}

/** What was found at a camera; what could not be looked at is absent. */
export interface CameraLook {
  readonly address: CameraAddress;
  readonly transport: "tcp" | "udp";
  readonly ffmpeg: Ffmpeg | Error;
  /** How long the camera took to take a connection, or why it did not. */
  readonly connected: number | Fault;
  /** Answer to RTSP OPTIONS: its first line, or "" for none. */
  readonly options?: string;
  readonly pictures?: Pictures | Fault;
  /** Key frames alone; there may be one, when the next is further away than was looked. */
  readonly keys?: Pictures | Fault;
  readonly lookedForKeysMs: number;
  /** The transport that was not asked for. */
  readonly other?: Pictures | Fault;
}

/** A connection over a bad link takes some round trips. */
const CONNECT_MS = 5_000;
/** ffmpeg gives up when nothing came for so long. */
const TIMEOUT_MS = 5_000;
/** A picture that can be decoded comes with a key frame; some cameras send one in 20 s. */
const FIRST_MS = 25_000;
/** How long to wait for key frames: two of the longest distance that is still usable. */
const KEYS_MS = 20_000;
const MAX_KEYS = 3;
const OTHER_MS = 8_000;

/** Connects, asks, and looks at pictures, one connection after the other, as cameras have few. */
export async function lookAtCamera(address: CameraAddress, options: LookOptions): Promise<CameraLook> {
  const { transport, lookMs } = options;
  const ffmpeg = await findFfmpeg().catch((error: Error) => error);
  const connected = await connect(address);
  const base = { address, transport, ffmpeg, connected, lookedForKeysMs: KEYS_MS };
  if (typeof connected !== "number" || ffmpeg instanceof Error) return base;
  const rtsp = address.scheme === "rtsp" ? { options: await ask(address) } : {};
  const look = (input: readonly string[], limits: Limits) => take(address, input, limits);
  const input = inputOf(address, ffmpeg, transport);
  const pictures = await look(input, { firstMs: FIRST_MS, forMs: lookMs, most: Number.POSITIVE_INFINITY });
  if ("kind" in pictures) return { ...base, ...rtsp, pictures };
  // ffmpeg leaves out all but key frames, so their distance is seen without looking into the stream.
  const keys = await look(["-skip_frame", "nokey", ...input], { firstMs: FIRST_MS, forMs: KEYS_MS, most: MAX_KEYS });
  if (!address.scheme.startsWith("rtsp")) return { ...base, pictures, keys };
  const otherInput = inputOf(address, ffmpeg, transport === "tcp" ? "udp" : "tcp");
  const other = await look(otherInput, { firstMs: OTHER_MS, forMs: 0, most: 1 });
  return { ...base, ...rtsp, pictures, keys, other };
}

const inputOf = (address: CameraAddress, ffmpeg: Ffmpeg, transport: "tcp" | "udp") =>
  address.scheme.startsWith("rtsp")
    ? rtspInput(address, ffmpeg, { transport, timeoutMs: TIMEOUT_MS, fast: false })
    : httpInput(address, { kind: "auto", timeoutMs: TIMEOUT_MS, fast: false });

async function connect({ hostname, port }: CameraAddress): Promise<number | Fault> {
  const startMs = systemClock.monotonicMs();
  try {
    await exchange({ hostname, port, send: "", timeoutMs: CONNECT_MS });
    return systemClock.monotonicMs() - startMs;
  } catch (error) {
    const { message, cause } = error as Error;
    const code = `${message} ${(cause as { code?: string } | undefined)?.code ?? ""}`;
    const known = CONNECT_FAULTS.find(([, pattern]) => pattern.test(code));
    return fault(known?.[0] ?? "unreachable", message);
  }
}

const CONNECT_FAULTS = [
  ["refused", /ECONNREFUSED|refused|Failed to connect/i],
  ["name", /ENOTFOUND|EAI_|getaddrinfo|resolve/i],
  ["unreachable", /EHOSTUNREACH|ENETUNREACH|did not answer/i],
] as const;

/** The first line of the answer; "" when there is none. */
async function ask({ hostname, port, plain }: CameraAddress): Promise<string> {
  const send = `OPTIONS ${plain} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: schnitzel\r\n\r\n`;
  const answer = await exchange({ hostname, port, send, timeoutMs: TIMEOUT_MS }).catch(() => "");
  return answer.split(/\r?\n/)[0]!;
}

interface Limits {
  firstMs: number;
  forMs: number;
  most: number;
}

const NEVER = new AbortController().signal;

async function take(address: CameraAddress, input: readonly string[], limits: Limits): Promise<Pictures | Fault> {
  const hide = (text: string) => withoutSecrets(address, text);
  const startMs = systemClock.monotonicMs();
  const cut = new AbortController();
  const spec = { input, name: address.shown, format: "gray" as const, frames: 4, live: true };
  const opening = openDecoder({ spawn: spawnChild, ffmpeg: findFfmpeg }, spec, cut.signal);
  try {
    const decoder = await within(systemClock, limits.firstMs, NEVER, opening);
    if (decoder === LATE || decoder === ABORTED) return lateFault(limits);
    const firstMs = systemClock.monotonicMs() - startMs;
    const atMs = await positions(decoder.frames()[Symbol.asyncIterator](), limits).finally(() => decoder.close());
    return { info: decoder.info, firstMs, atMs, complaints: decoder.complaints().map(hide) };
  } catch (thrown) {
    const complaints = thrown instanceof DecodeError ? thrown.complaints.map(hide) : [];
    const ranMs = systemClock.monotonicMs() - startMs;
    const error = hide((thrown as Error).message);
    return faultOf({ error, complaints, ranMs, streamed: false, timeoutMs: TIMEOUT_MS });
  } finally {
    cut.abort();
  }
}

const lateFault = ({ firstMs }: Limits) => fault("stalled", `no picture came within ${firstMs / 1_000} s`);

type Frames = AsyncIterator<{ posMs: number; slot: { release(): void } }>;

/** Positions of the pictures that come within a time. */
async function positions(frames: Frames, { forMs, most }: Limits): Promise<number[]> {
  const found: number[] = [];
  const endMs = systemClock.monotonicMs() + forMs;
  while (found.length < most) {
    const leftMs = found.length === 0 ? FIRST_MS : endMs - systemClock.monotonicMs();
    const step = leftMs <= 0 ? LATE : await within(systemClock, leftMs, NEVER, frames.next());
    if (step === LATE || step === ABORTED || step.done) break;
    found.push(step.value.posMs);
    step.value.slot.release();
  }
  return found;
}

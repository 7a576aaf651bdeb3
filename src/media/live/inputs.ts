import type { Ffmpeg } from "../../node/index.ts";
import { timeoutFlag } from "../ffmpeg_facts.ts";
import type { CameraAddress } from "./address.ts";

/**
 * Opens a stream as fast as can be: 32 kB or half a second are looked at before the first picture. It comes after
 * 0.2 s instead of 1.2 s then (720p); `-fflags nobuffer` would make it later again, as it throws away what was looked at.
 */
const lookShort = (fast: boolean) => (fast ? ["-probesize", "32000", "-analyzeduration", "500000"] : []);

const micros = (ms: number) => String(Math.round(ms * 1_000));

export interface RtspInput {
  readonly transport: "tcp" | "udp";
  /** ffmpeg gives up when nothing came for so long. */
  readonly timeoutMs: number;
  readonly fast: boolean;
}

/** ffmpeg's arguments for an RTSP camera. */
export const rtspInput = ({ url }: CameraAddress, ffmpeg: Ffmpeg, { transport, timeoutMs, fast }: RtspInput) => [
  ...["-rtsp_transport", transport, timeoutFlag(ffmpeg), micros(timeoutMs)],
  ...[...lookShort(fast), "-i", url],
];

export interface HttpInput {
  readonly kind: "auto" | "mjpeg" | "hls";
  readonly timeoutMs: number;
  readonly fast: boolean;
}

const DEMUXERS = { auto: [], mjpeg: ["-f", "mpjpeg"], hls: ["-f", "hls"] } as const;

/** ffmpeg's arguments for a camera over HTTP. */
export const httpInput = ({ url }: CameraAddress, { kind, timeoutMs, fast }: HttpInput) => [
  ...["-rw_timeout", micros(timeoutMs), ...DEMUXERS[kind]],
  ...[...lookShort(fast), "-i", url],
];

import * as v from "valibot";
import type { ConfigIssue } from "../../node/index.ts";
import { parseIsoMs } from "../../packet/index.ts";
import { addressIssues } from "../address_issues.ts";
import { PROBE_ENTRIES, reconnectEntries, reconnectIssues } from "../live_config.ts";
import { needsName } from "./microphone.ts";

export const SCHEMES = ["rtsp", "rtsps", "http", "https"];

const text = v.pipe(v.string(), v.minLength(1));
const seconds = (least: number) => v.pipe(v.number(), v.minValue(least));
const whole = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

export const audioSourceConfig = v.strictObject({
  path: v.pipe(v.optional(text), v.description("Sound or video file, of any kind that ffmpeg reads.")),
  url: v.pipe(
    v.optional(text),
    v.description("`rtsp://` of a camera, or `http://` of a stream. May hold user and password."),
  ),
  device: v.pipe(
    v.optional(text),
    v.description(
      "Microphone: `default`, `hw:1,0` (ALSA), a source of PulseAudio, a number (macOS), a name (Windows).",
    ),
  ),
  system: v.pipe(
    v.optional(v.picklist(["auto", "alsa", "pulse", "avfoundation", "dshow"]), "auto"),
    v.description("How a microphone is reached; `auto` is what this system and this ffmpeg have."),
  ),
  capture_rate: v.pipe(v.optional(whole(1_000, 384_000)), v.description("Rate that a microphone is asked for.")),
  capture_channels: v.pipe(v.optional(whole(1, 64)), v.description("Channels that a microphone is asked for.")),
  user: v.pipe(v.optional(v.string()), v.description("User, unless it stands in `url`.")),
  password: v.pipe(
    v.optional(v.string()),
    v.description("Password, unless it stands in `url`; give it as `${file:/path/to/password}` or `${env:NAME}`."),
  ),
  transport: v.pipe(
    v.optional(v.picklist(["tcp", "udp"]), "tcp"),
    v.description("How RTSP travels: `tcp` gets through firewalls and loses nothing."),
  ),
  track: v.pipe(v.optional(whole(0, 255), 0), v.description("Sound track, where there are several.")),
  sample_rate: v.pipe(
    v.optional(whole(1_000, 384_000), 16_000),
    v.description("Samples a second; 16000 is what models of speech take."),
  ),
  channels: v.pipe(v.optional(whole(1, 64), 1), v.description("1 is the mean of all channels.")),
  channel: v.pipe(v.optional(whole(0, 63)), v.description("Takes this one channel instead of the mean, from 0.")),
  block_ms: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(10_000)), 32),
    v.description("Length of a block; 32 ms are 512 samples at 16 kHz."),
  ),
  max_blocks: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
    v.description("Blocks to send; 0 sends all."),
  ),
  source_id: v.pipe(v.optional(text), v.description("The node's id unless given.")),
  loop: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Begins a file again at its end. Numbers and times go on; `pos_msec` begins again."),
  ),
  pace: v.pipe(
    v.optional(v.picklist(["flat_out", "real_time"]), "flat_out"),
    v.description("A file as fast as its blocks are taken, or at its own speed."),
  ),
  start_sec: v.pipe(v.optional(seconds(0), 0), v.description("Begins a file at this place.")),
  end_sec: v.pipe(v.optional(seconds(0)), v.description("Ends a file before this place.")),
  start_ts: v.pipe(
    v.optional(v.string()),
    v.description("Event time of a file's place 0; the moment the run began unless given."),
  ),
  first_sound_sec: v.pipe(
    v.optional(seconds(1), 15),
    v.description("Opens live sound again when none came so long after the start."),
  ),
  stall_sec: v.pipe(v.optional(seconds(1), 10), v.description("Opens live sound again when none came for so long.")),
  ...reconnectEntries({ backoffSec: 1, backoffMaxSec: 60 }),
  ...PROBE_ENTRIES,
  ffmpeg: v.pipe(v.optional(text), v.description("The ffmpeg to use instead of the one found.")),
});

export type AudioSourceConfig = v.InferOutput<typeof audioSourceConfig>;

/** Samples of each channel in a block. */
export const blockLength = ({ sample_rate, block_ms }: AudioSourceConfig): number =>
  Math.max(1, Math.round((sample_rate * block_ms) / 1_000));

/** What the schema cannot say. */
export function audioSourceIssues(options: AudioSourceConfig): ConfigIssue[] {
  const { path, url, device, channel, channels } = options;
  const given = Object.entries({ path, url, device }).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (given.length === 0) return [{ path: [], message: "there is nothing to hear: set path, url or device" }];
  const [, second] = given;
  if (second !== undefined) return [{ path: [second], message: `${given.join(" and ")} exclude each other: keep one` }];
  return [
    ...(channel !== undefined && channels > 1
      ? [{ path: ["channel"], message: "it is one channel: leave channels out" }]
      : []),
    ...(path === undefined ? liveIssues(options) : fileIssues(options, path)),
  ];
}

function fileIssues({ start_ts, start_sec, end_sec }: AudioSourceConfig, path: string): ConfigIssue[] {
  const noTime = start_ts !== undefined && Number.isNaN(parseIsoMs(start_ts));
  const noPart = end_sec !== undefined && end_sec <= start_sec;
  const address = /^[a-z][a-z0-9+.-]+:\/\//i.test(path);
  return [
    ...(noTime
      ? [{ path: ["start_ts"], message: `it must be ISO-8601, such as 2026-01-01T06:00:00Z: it is "${start_ts}"` }]
      : []),
    ...(noPart ? [{ path: ["end_sec"], message: `it must be after start_sec (${start_sec}): it is ${end_sec}` }] : []),
    ...(address ? [{ path: ["path"], message: "it is an address: write it as url" }] : []),
  ];
}

function liveIssues(options: AudioSourceConfig): ConfigIssue[] {
  const { url, loop, pace, start_sec, end_sec, start_ts } = options;
  const ofFiles = {
    loop: loop || undefined,
    pace: pace === "real_time" || undefined,
    start_sec: start_sec || undefined,
  };
  const wrong = Object.entries({ ...ofFiles, end_sec, start_ts }).filter(([, value]) => value !== undefined);
  const hint = "ffmpeg -list_devices true -f dshow -i dummy lists the names";
  return [
    ...wrong.map(([name]) => ({ path: [name], message: "only a file has this: live sound comes when it comes" })),
    ...(url === undefined ? [] : addressIssues({ ...options, url }, SCHEMES)),
    ...(url === undefined && needsName(options)
      ? [{ path: ["device"], message: "on Windows a microphone is opened by its own name", hint }]
      : []),
    ...reconnectIssues(options),
  ];
}

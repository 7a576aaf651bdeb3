import type { Audio } from "../../packet/index.ts";
import type { LevelConfig } from "./level.ts";
import type { Heard } from "./sound_change.ts";
import type { Window } from "./windows.ts";

/** What `level` remembers of a source. */
export interface Heeded {
  loud: Heard | undefined;
  silence: Heard | undefined;
  /** Number of the first sample of the quiet that is under way. */
  quietFrom: number | undefined;
}

/** RMS and peak of all channels, in dB of full scale. */
interface Level {
  readonly rms_dbfs: number;
  readonly peak_dbfs: number;
  readonly clipped: number;
}

/** Less than any sound: JSON has no minus infinity. 24-bit samples end at -138. */
const FLOOR_DBFS = -144;

/** Of all channels of a window. */
export function measure({ samples }: Window, { clip_level }: LevelConfig): Level {
  let [squares, peak, clipped] = [0, 0, 0];
  for (let at = 0; at < samples.length; at++) {
    const size = Math.abs(samples[at]!);
    squares += size * size;
    if (size > peak) peak = size;
    if (size >= clip_level) clipped += 1;
  }
  return { rms_dbfs: decibels(Math.sqrt(squares / samples.length)), peak_dbfs: decibels(peak), clipped };
}

/** To a hundredth: more is noise of the arithmetic. */
const decibels = (size: number) =>
  size === 0 ? FLOOR_DBFS : Math.max(FLOOR_DBFS, Math.round(2_000 * Math.log10(size)) / 100);

interface LoudnessChange {
  sound: "loud" | "silence";
  state: "start" | "end";
  sampleIdx: number;
  confidence: 1;
  more: Record<string, unknown>;
}

/** What begins or ends with this window. */
export function changesOf(
  room: Heeded,
  window: Window,
  { rms_dbfs, peak_dbfs }: Level,
  audio: Audio,
  options: LevelConfig,
) {
  const { loud_dbfs, silence_dbfs, silence_sec, hysteresis_db } = options;
  const more = { rms_dbfs, peak_dbfs };
  const found: LoudnessChange[] = [];
  const say = (sound: LoudnessChange["sound"], state: LoudnessChange["state"], sampleIdx: number) =>
    found.push({ sound, state, sampleIdx, confidence: 1, more });
  if (loud_dbfs !== undefined) {
    if (room.loud === undefined && rms_dbfs >= loud_dbfs) say("loud", "start", window.sampleIdx);
    if (room.loud !== undefined && rms_dbfs < loud_dbfs - hysteresis_db) say("loud", "end", window.sampleIdx);
  }
  if (silence_sec === undefined) return found;
  if (rms_dbfs < silence_dbfs) {
    room.quietFrom ??= window.sampleIdx;
    const endIdx = window.sampleIdx + window.samples.length / audio.channels;
    const longEnough = (endIdx - room.quietFrom) / audio.sample_rate >= silence_sec;
    if (room.silence === undefined && longEnough) say("silence", "start", room.quietFrom);
  } else if (room.silence === undefined || rms_dbfs >= silence_dbfs + hysteresis_db) {
    if (room.silence !== undefined) say("silence", "end", window.sampleIdx);
    room.quietFrom = undefined;
  }
  return found;
}

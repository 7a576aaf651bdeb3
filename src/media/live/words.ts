import type { FaultKind } from "./fault.ts";

/** How people are told of a live source. */
export interface LiveWords {
  /** What is lost and found again. */
  readonly what: "camera" | "stream" | "microphone";
  /** What comes from it, one and many. */
  readonly item: string;
  readonly items: string;
  /** What can be done, where it is not what can be done about a camera. */
  readonly hints: Readonly<Partial<Record<FaultKind, string>>>;
}

export const CAMERA_WORDS: LiveWords = { what: "camera", item: "picture", items: "pictures", hints: {} };

/** Sound of a camera or a server. */
export const STREAM_WORDS: LiveWords = {
  ...{ what: "stream", item: "sound", items: "sound" },
  hints: {
    no_stream: "it has no sound: switch it on in the camera's settings, or choose another track",
    codec: "this ffmpeg cannot decode its sound: set it to AAC or G.711, or install a full ffmpeg",
    stalled: "the connection is open and brings no sound: the camera hangs, or the network loses packets",
    ended: "the camera or server closed the stream",
  },
};

export const MICROPHONE_WORDS: LiveWords = {
  ...{ what: "microphone", item: "sound", items: "sound" },
  hints: {
    missing: "plug it in, or name the right one in device (Linux: arecord -L, pactl list short sources)",
    refused: "PulseAudio does not run for this user: start it, or set system: alsa",
    permission: "let this user hear it (Linux: usermod -aG audio USER, then log in again)",
    stalled: "the device is open and brings no sound: plug it out and in again",
    ended: "the device went away, or another program took it",
    other: "check device, capture_rate and capture_channels; device: plughw:1,0 converts what hw:1,0 cannot do",
  },
};

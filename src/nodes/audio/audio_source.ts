import {
  cameraAddress,
  httpInput,
  MICROPHONE_WORDS,
  probeCamera,
  rtspInput,
  STREAM_WORDS,
  withoutSecrets,
} from "../../media/index.ts";
import { defineNode, type NodeContext, port, type SourceInstance } from "../../node/index.ts";
import { type AudioSourceConfig, audioSourceConfig, audioSourceIssues, SCHEMES } from "./audio_source_config.ts";
import { type LiveInput, LiveSound } from "./live_sound.ts";
import { microphoneInput } from "./microphone.ts";
import { SoundFile } from "./sound_file.ts";

/** Samples of the clip's blocks. */
const HALVES = [0.5, -0.5, 0.5, -0.5, 0.5, -0.5, 0.5, -0.5];
/** Two blocks of 1 ms: 16-bit samples at 8 kHz. */
const CLIP = Uint8Array.fromBase64(
  "UklGRkQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YSAAAAAAQADAAEAAwABAAMAAQADAAEAAwABAAMAAQADAAEAAwA==",
);

export const audioSource = defineNode({
  name: "audio_source",
  kind: "source",
  doc: `Takes sound from a file, from a camera or server (RTSP, HTTP), or from a microphone, as blocks of float samples.

Set one of \`path\`, \`url\` and \`device\`. ffmpeg decodes, changes the rate and mixes channels to their mean. A packet's
payload is \`{ sample_rate, channels, samples, sample_idx }\`: samples are −1…1, those of all channels in turn, and
\`sample_idx\` is the number of the first one. \`ts\` is the time of that sample, exactly: the start plus
\`sample_idx / sample_rate\`. Keys are \`audio:<source_id>:<sample_idx>\`, of live sound with the epoch before the number.

A file is read as fast as the graph goes, or at its own speed with \`pace: real_time\`. Gaps between its packets are
filled with silence, so \`sample_idx\` is a place in it. Its last block may be shorter.

Cameras, servers and microphones are found again as [rtsp_source](rtsp_source.md) finds its camera. Numbers leap over
the time in which there was no sound, so \`ts\` stays right over gaps and over a sound card whose clock is a little off
(within about a second). At most 10 s of sound wait to be taken; older blocks are counted in
\`dropped_not_taken_total\`. Samples that are NaN or infinite become silence and are counted in \`not_finite_total\`.
A microphone needs an ffmpeg with ALSA, PulseAudio, AVFoundation or DirectShow; the embedded one has none of them.`,
  config: audioSourceConfig,
  outputs: { out: port("audio", "Blocks of samples.", "inproc_any") },
  examples: [
    {
      title: "A file in blocks of a millisecond",
      config: {
        path: "clip.wav",
        source_id: "hall",
        sample_rate: 8_000,
        block_ms: 1,
        start_ts: "2026-01-01T06:00:00Z",
      },
      files: { "clip.wav": CLIP },
      output: {
        out: [0, 8].map((sample_idx) => ({
          kind: "audio",
          source_id: "hall",
          ts: `2026-01-01T06:00:00.00${sample_idx / 8}000Z`,
          payload: { sample_rate: 8_000, channels: 1, samples: Float32Array.from(HALVES), sample_idx },
          meta: { idempotency_key: `audio:hall:${sample_idx}`, sample_idx, pos_msec: sample_idx / 8 },
        })),
      },
    },
  ],
  check: audioSourceIssues,
  reads: ({ path }) => (path === undefined ? [] : [{ path: ["path"], file: path }]),
  owns: ({ device }) => (device === undefined ? [] : [{ path: ["device"], what: `microphone ${device}` }]),
  create(options, context): SourceInstance {
    if (options.path !== undefined) return new SoundFile({ ...options, path: options.path }, context);
    return new LiveSound(options, liveInput(options, context), context);
  },
});

function liveInput(options: AudioSourceConfig, context: NodeContext): LiveInput {
  const { url, device = "default", transport, timeout_sec } = options;
  if (url === undefined) {
    return {
      words: MICROPHONE_WORDS,
      name: device,
      input: (ffmpeg) => microphoneInput(options, ffmpeg),
      hide: (text) => text,
    };
  }
  const address = cameraAddress(url, SCHEMES, options);
  const timeoutMs = timeout_sec * 1_000;
  return {
    words: STREAM_WORDS,
    name: address.shown,
    input: (ffmpeg, fast) =>
      address.scheme.startsWith("rtsp")
        ? // Only the sound is asked for, so that pictures do not travel.
          ["-allowed_media_types", "audio", ...rtspInput(address, ffmpeg, { transport, timeoutMs, fast })]
        : httpInput(address, { kind: "auto", timeoutMs, fast }),
    hide: (text) => withoutSecrets(address, text),
    probe: probeCamera(context.exchange, address),
  };
}

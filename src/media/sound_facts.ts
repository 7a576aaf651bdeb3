import type { SoundFacts } from "./audio_spec.ts";

/** What ffmpeg says about the sound track number `track` of its input while it opens it. */
export function soundFacts(stderr: string, track: number): SoundFacts {
  const input = /Input #0,.*?(?=Stream mapping:|Output #0|$)/s.exec(stderr)?.[0] ?? "";
  const tracks = [...input.matchAll(/Stream #0:\d+.*?: Audio: (\w+)[^\n]*?, (\d+) Hz, ([^,\n]+)/g)];
  const [, codec, sampleRate, layout] = tracks[track] ?? [];
  return {
    codec,
    sampleRate: sampleRate === undefined ? undefined : Number(sampleRate),
    channels: layout === undefined ? undefined : channelsOf(layout),
    hasPictures: /Stream #0:\d+.*?: Video: /.test(input),
  };
}

/** Of `mono`, `stereo`, `5.1(side)` and `32 channels`; undefined for other names. */
function channelsOf(layout: string): number | undefined {
  const known = { mono: 1, stereo: 2, quad: 4 }[layout.trim()];
  const [, main, low, count] = /^(?:(\d)\.(\d)|(\d+) channels)/.exec(layout.trim()) ?? [];
  if (known !== undefined || count !== undefined) return known ?? Number(count);
  return main === undefined ? undefined : Number(main) + Number(low);
}

/** What ffmpeg's words mean for who wrote the graph; the first that fits. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/matches no streams/, "it has no sound"],
  [
    /Rematrix is needed between/,
    "its channels have no known places, so that they cannot be mixed: take one by channel (0 is the first)",
  ],
  [/Invalid sample rate|Invalid data found when processing input|misdetection possible/, "it is no sound, or damaged"],
  [/moov atom not found/, "it is cut off: its index, which is written last, is missing; copy or record it again"],
];

/** What ffmpeg's complaints mean for sound. */
export function soundMeaning(complaints: readonly string[], { hasPictures }: SoundFacts): string | undefined {
  const meaning = MEANINGS.find(([pattern]) => complaints.some((line) => pattern.test(line)))?.[1];
  return meaning === "it has no sound" && hasPictures ? `${meaning}, only pictures` : meaning;
}

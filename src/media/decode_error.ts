/** Sentences of ffmpeg that are told; the last ones name the reason, those before repeat it. */
const TOLD = 3;

/** ffmpeg's words, and what they mean for who wrote the graph. The first that fits. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/matches no streams/, "it has no video stream"],
  [
    /moov atom not found/,
    "the file is cut off: its index, which is written last, is missing; record it again or repair it",
  ],
  [
    /exceeds specified max pixel count|Picture size .* is invalid/,
    "its pictures have more pixels than 8K, 33554432, which is the bound",
  ],
  [/Invalid data found when processing input/, "it is no video, or damaged"],
  [/No such file or directory/, "there is no such file"],
];

/** A picture stream could not be decoded, or no longer. */
export class DecodeError extends Error {
  /** What ffmpeg complained about. */
  readonly complaints: readonly string[];

  constructor(name: string, reason: string, complaints: readonly string[], hasAudio: boolean) {
    const said = complaints.slice(-TOLD).join("; ");
    const meaning = MEANINGS.find(([pattern]) => complaints.some((line) => pattern.test(line)))?.[1];
    const only = hasAudio && meaning?.includes("no video stream") ? ", only sound" : "";
    const why = meaning === undefined ? reason : `${meaning}${only} (${reason})`;
    super(`cannot decode ${name}: ${why}${said === "" ? "" : `: ${said}`}`);
    this.name = "DecodeError";
    this.complaints = complaints;
  }
}

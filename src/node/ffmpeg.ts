/** The ffmpeg that this process uses. */
export interface Ffmpeg {
  /** Absolute path. */
  readonly file: string;
  readonly version: { readonly major: number; readonly minor: number; readonly text: string };
  /** Which step of the search gave it: `config`, `SCHNITZEL_FFMPEG`, `beside the binary`, `PATH`, … */
  readonly from: string;
  /** Names that `-protocols`, `-demuxers`, `-muxers`, `-decoders`, `-encoders`, `-filters` and `-devices` list. */
  readonly can: (
    what: "protocol" | "demuxer" | "muxer" | "decoder" | "encoder" | "filter" | "device",
    name: string,
  ) => boolean;
}

/**
 * Finds ffmpeg and asks it once for its version. `configured` comes first when given, and then alone.
 * Rejects with an Error that names every place looked at, what was wrong there, and how to get one.
 */
export type FindFfmpeg = (configured?: string) => Promise<Ffmpeg>;

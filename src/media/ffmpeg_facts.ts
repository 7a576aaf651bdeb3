import type { Ffmpeg } from "../node/index.ts";

/** What an ffmpeg tells of itself, as it is kept between runs. */
export interface FfmpegFacts {
  readonly version: Ffmpeg["version"];
  readonly names: Readonly<Record<Capability, readonly string[]>>;
}

export type Capability = Parameters<Ffmpeg["can"]>[0];

/** Options that list something, and how a line of it is read. `-formats` would mix devices into it. */
export const LISTS: Readonly<Record<Capability, string>> = {
  protocol: "-protocols",
  demuxer: "-demuxers",
  muxer: "-muxers",
  decoder: "-decoders",
  encoder: "-encoders",
  filter: "-filters",
  device: "-devices",
};

/** `4`: `-fps_mode` and others came later, but its RTSP and its formats are those of today; 3 is of 2015. */
export const OLDEST_MAJOR = 4;

/** The first line and, for builds from git, which have no number, the major version of libavutil. */
export function readVersion(text: string): Ffmpeg["version"] | undefined {
  const first = text.split("\n")[0]!.trim();
  const name = /^ffmpeg version (\S+)/.exec(first)?.[1];
  if (name === undefined) return undefined;
  // Not the year of a nightly build.
  const number = /^[nv]?(\d{1,2})(?:\.(\d+))?(?!\d)/.exec(name);
  if (number !== null) return { major: Number(number[1]), minor: Number(number[2] ?? 0), text: first };
  const library = /^libavutil\s+(\d+)\./m.exec(text)?.[1];
  // libavutil 56 is of ffmpeg 4, 57 of 5, and so on.
  return library === undefined ? undefined : { major: Number(library) - 52, minor: 0, text: first };
}

/** Names in a list that ffmpeg printed: after flags of fixed width, `a,b` for one thing with two names. */
export function readNames(what: Capability, text: string): string[] {
  const line = what === "protocol" ? /^\s{2,}(\w+)$/ : what === "filter" ? /^ [TSC.]{2,3} (\w+)\s/ : FLAGGED[what];
  return text.split("\n").flatMap((row) => line.exec(row.trimEnd())?.[1]?.split(",") ?? []);
}

const FORMAT = /^ [D ][E ][d ]? *([\w,]+)(?:\s|$)/;
const CODEC = /^ [VASDT][A-Z.]{5} ([\w-]+)\s/;
const FLAGGED = { demuxer: FORMAT, muxer: FORMAT, device: FORMAT, decoder: CODEC, encoder: CODEC };

/** The option that bounds how long an RTSP connection may be silent; `-timeout` made older ones wait for a caller. */
export function timeoutFlag({ version }: Pick<Ffmpeg, "version">): "-timeout" | "-stimeout" {
  return version.major < 5 ? "-stimeout" : "-timeout";
}

/** Every picture once, at its own time: neither doubled nor left out for a steady rate. */
export function passthroughFlags({ version: { major, minor } }: Pick<Ffmpeg, "version">): readonly string[] {
  return [major > 5 || (major === 5 && minor >= 1) ? "-fps_mode" : "-vsync", "passthrough"];
}

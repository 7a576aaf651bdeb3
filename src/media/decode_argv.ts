import type { Ffmpeg } from "../node/index.ts";
import { MAX_PIXELS } from "./decode_error.ts";
import type { DecodeSpec, PictureChanges } from "./decode_spec.ts";
import { passthroughFlags } from "./ffmpeg_facts.ts";

/** The command that decodes one video stream into raw pictures with their times. */
export function decodeArgv(ffmpeg: Pick<Ffmpeg, "file" | "version" | "can">, spec: DecodeSpec): string[] {
  const filters = filterChain(spec.changes ?? {});
  return [
    ...[ffmpeg.file, "-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info"],
    // A file's own times, from its start, also behind a seek.
    ...(spec.live ? [] : ["-copyts", "-start_at_zero"]),
    ...["-max_pixels", String(MAX_PIXELS)],
    // Made anew when the size changes, a filter that chooses pictures would begin to count again.
    ...(chooses(spec.changes) ? ["-reinit_filter", "0"] : []),
    ...spec.input,
    // V: video that is no cover picture of a song.
    ...["-map", "0:V:0", "-map_metadata", "-1", "-map_chapters", "-1"],
    ...(filters === "" ? [] : ["-vf", filters]),
    ...[...passthroughFlags(ffmpeg), "-enc_time_base", "-1"],
    ...["-c:v", "rawvideo", "-pix_fmt", spec.format, ...container(ffmpeg), "-"],
  ];
}

/** Pictures that are made and not written yet: the next one is ready when one has gone, and a third would only wait. */
const WRITTEN_LATER = 2;

/**
 * The pipe holds a third of a picture, so that writing one takes as long as its reader is busy. Before version 7 ffmpeg
 * neither scales nor takes decoded pictures meanwhile; its `fifo` writes in a thread, as 7 does by itself.
 */
function container({ version, can }: Pick<Ffmpeg, "version" | "can">): readonly string[] {
  if (version.major >= 7 || !can("muxer", "fifo")) return ["-f", "nut"];
  return ["-f", "fifo", "-fifo_format", "nut", "-queue_size", String(WRITTEN_LATER)];
}

const chooses = ({ fps, every }: PictureChanges = {}) => (fps ?? every) !== undefined;

function filterChain(changes: PictureChanges): string {
  const { fps, every, crop, rotate, size } = changes;
  const chain = [
    fps === undefined ? [] : [slots(fps)],
    every === undefined ? [] : [`select=not(mod(n-${every.offset}\\,${every.n}))`],
    // Brings every picture to the size of the first, which the filters behind were made for; costs nothing until then.
    chooses(changes) ? ["scale=flags=bilinear"] : [],
    crop === undefined ? [] : [`crop=${crop.width}:${crop.height}:${crop.x}:${crop.y}:exact=1`],
    rotate === undefined ? [] : [TURNS[rotate]],
    size === undefined ? [] : scaling(size),
  ];
  return chain.flat().join(",");
}

/**
 * The first picture of each slot of 1/fps, counted from the first picture on. ffmpeg's own `fps` filter doubles
 * pictures of a slower stream, which a detector would see twice. A thousandth of a slot absorbs the rounding of
 * 0.7 · 10, which is a little less than 7.
 */
function slots(fps: number): string {
  const slot = (time: string) => `floor((${time}-start_t)*${fps}+0.001)`;
  return `select=isnan(prev_selected_t)+gt(${slot("t")}\\,${slot("prev_selected_t")})`;
}

const TURNS = { 90: "transpose=clock", 180: "hflip,vflip", 270: "transpose=cclock" } as const;

/** Grey 114, as detectors are trained with. */
const PADDING = "0x727272";

/** Bilinear: half the time of ffmpeg's default, and what detectors are trained with. */
function scaling({ width, height, fit }: NonNullable<PictureChanges["size"]>): string[] {
  const scale = `scale=${width ?? -1}:${height ?? -1}:flags=bilinear`;
  if (fit === "stretch" || width === undefined || height === undefined) return [scale];
  const inside = `${scale}:force_original_aspect_ratio=decrease`;
  if (fit === "inside") return [inside];
  return [inside, `pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2:color=${PADDING}`];
}

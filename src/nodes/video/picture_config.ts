import * as v from "valibot";
import type { PictureChanges } from "../../media/index.ts";
import type { ConfigIssue } from "../../node/index.ts";

const whole = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

/** Why 16,384: the widest picture that H.264 and HEVC can have. */
const side = whole(1, 16_384);

const cropConfig = v.strictObject({
  x: v.pipe(whole(0, 16_384), v.description("Left edge.")),
  y: v.pipe(whole(0, 16_384), v.description("Upper edge.")),
  width: v.pipe(side, v.description("Pixels.")),
  height: v.pipe(side, v.description("Pixels.")),
});

export const RAW_FORMATS = ["bgr24", "rgb24", "gray", "gbrp", "yuv420p", "nv12"] as const;

/** What every picture source can be told about its pictures; ffmpeg does it while it decodes. */
export const PICTURE_ENTRIES = {
  fps: v.pipe(
    v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1_000))),
    v.description("At most so many pictures a second, chosen evenly by their own times; none is doubled."),
  ),
  every_n: v.pipe(
    v.optional(whole(1, 1_000_000), 1),
    v.description("Keeps every n-th picture; each keeps its number. Excludes `fps`."),
  ),
  offset: v.pipe(
    v.optional(whole(0, 1_000_000), 0),
    v.description("Number of the first picture that `every_n` keeps."),
  ),
  width: v.pipe(v.optional(side), v.description("Pixels. Without `height`, the aspect is kept.")),
  height: v.pipe(v.optional(side), v.description("Pixels. Without `width`, the aspect is kept.")),
  fit: v.pipe(
    v.optional(v.picklist(["stretch", "inside", "letterbox"]), "stretch"),
    v.description("With `width` and `height`: exactly that, as large as fits in, or that with grey borders (114)."),
  ),
  crop: v.pipe(
    v.optional(cropConfig),
    v.description("Part of the picture, in its own pixels, taken before it is turned and scaled."),
  ),
  rotate: v.pipe(
    v.optional(v.picklist([0, 90, 180, 270]), 0),
    v.description("Degrees clockwise, beside what the file says of itself."),
  ),
  format: v.pipe(
    v.optional(v.picklist(RAW_FORMATS), "bgr24"),
    v.description("How the pixels lie in memory; `bgr24` is what snapshots and overlays take without a change."),
  ),
  frames: v.pipe(
    v.optional(whole(1, 1_024), 16),
    v.description(
      "Pictures in memory at once: those in inboxes, in nodes and those decoded ahead. 16 of 1080p are 100 MB.",
    ),
  ),
  ffmpeg: v.pipe(
    v.optional(v.pipe(v.string(), v.minLength(1))),
    v.description("The ffmpeg to use instead of the one found."),
  ),
};

const pictureConfig = v.strictObject(PICTURE_ENTRIES);
export type PictureConfig = v.InferOutput<typeof pictureConfig>;

/** The config as ffmpeg is told. */
export function changesOf({ fps, every_n, offset, width, height, fit, crop, rotate }: PictureConfig): PictureChanges {
  const size = { ...(width === undefined ? {} : { width }), ...(height === undefined ? {} : { height }), fit };
  return {
    ...(fps === undefined ? {} : { fps }),
    ...(every_n === 1 ? {} : { every: { n: every_n, offset: offset % every_n } }),
    ...(crop === undefined ? {} : { crop }),
    ...(rotate === 0 ? {} : { rotate }),
    ...(width === undefined && height === undefined ? {} : { size }),
  };
}

/** What a schema cannot say. */
export function pictureIssues({ fps, every_n, fit, width, height }: PictureConfig): ConfigIssue[] {
  const both = fps !== undefined && every_n > 1;
  const half = fit !== "stretch" && (width === undefined || height === undefined);
  return [
    ...(both ? [{ path: ["every_n"], message: "fps and every_n exclude each other" }] : []),
    ...(half ? [{ path: ["fit"], message: `fit: ${fit} needs width and height` }] : []),
  ];
}

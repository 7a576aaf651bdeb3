import * as v from "valibot";
import { BYTE_SIZE } from "../../base/byte_size.ts";
import { cameraAddress } from "../../media/index.ts";
import type { ConfigIssue } from "../../node/index.ts";
import { KEPT_ENTRIES } from "./kept_files.ts";

const seconds = v.pipe(v.number(), v.minValue(0));
const name = v.pipe(v.string(), v.minLength(1));
const size = v.union([v.pipe(v.number(), v.integer(), v.minValue(1)), v.pipe(v.string(), v.regex(BYTE_SIZE))]);

export const LIVE_SCHEMES = ["rtsp", "rtsps"];
export const isAddress = (record: string): boolean => /^[a-z][a-z0-9+.-]+:\/\//i.test(record);

export const clipConfig = v.strictObject({
  dir: v.pipe(v.optional(name, "clips"), v.description("Folder; it is made.")),
  public_prefix: v.pipe(
    v.optional(v.string(), ""),
    v.description("What stands before `site/camera/name.mp4` in the event; empty: the folder."),
  ),
  record: v.pipe(
    v.optional(name),
    v.description(
      "`rtsp://…` of the camera, or the video file that the graph plays: clips are cut from that without encoding anew. Without it they are made of the frames that come in.",
    ),
  ),
  user: v.pipe(v.optional(v.string()), v.description("User of the camera, unless it stands in `record`.")),
  password: v.pipe(
    v.optional(v.string()),
    v.description("Password, unless it stands in `record`; give it as `${file:/path/to/password}`."),
  ),
  transport: v.pipe(v.optional(v.picklist(["tcp", "udp"]), "tcp"), v.description("As of `rtsp_source`.")),
  audio: v.pipe(v.optional(v.boolean(), true), v.description("Also records the camera's sound.")),
  pre_sec: v.pipe(v.optional(seconds, 5), v.description("Seconds before the event.")),
  post_sec: v.pipe(v.optional(seconds, 10), v.description("Seconds after it.")),
  max_sec: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(600)), 60),
    v.description("Events within a clip make it longer, up to this."),
  ),
  container: v.pipe(
    v.optional(v.picklist(["mp4", "mkv"]), "mp4"),
    v.description("Of clips cut from `record`. MP4 plays in browsers; MKV also holds VP8 and the like."),
  ),
  fps: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(60)), 10),
    v.description("Frames kept a second, without `record`."),
  ),
  quality: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)), 80),
    v.description("Of the JPEGs that frames are kept as, 1 to 100."),
  ),
  max_width: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(16))),
    v.description("Pixels; wider frames are kept smaller."),
  ),
  h264: v.pipe(
    v.optional(v.picklist(["auto", "never"]), "auto"),
    v.description(
      "Clips of frames: H.264 in MP4 when the ffmpeg at hand can encode that, else, and with `never`, MJPEG in MKV.",
    ),
  ),
  buffer_dir: v.pipe(
    v.optional(name),
    v.description("Where the last seconds of a camera lie; `<dir>/.buffer` unless given. In memory: `/dev/shm/NAME`."),
  ),
  buffer_bytes: v.pipe(
    v.optional(size, "128MiB"),
    v.description("Bytes of the last seconds, on the disk with `record`, else in memory; the oldest go beyond that."),
  ),
  max_pending: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64)), 8),
    v.description("Clips that are running or wait to be written; an event beyond that gets none."),
  ),
  ...KEPT_ENTRIES,
  ffmpeg: v.pipe(v.optional(name), v.description("Another ffmpeg than the one found.")),
});

export type ClipConfig = v.InferOutput<typeof clipConfig>;

/** What the schema cannot say. */
export function clipIssues(options: ClipConfig): ConfigIssue[] {
  const { record, pre_sec, post_sec, max_sec } = options;
  const tooLong = pre_sec + post_sec > max_sec;
  return [
    ...(tooLong
      ? [
          {
            path: ["max_sec"],
            message: `must be at least pre_sec + post_sec (${pre_sec + post_sec}): it is ${max_sec}`,
          },
        ]
      : []),
    ...(record !== undefined && isAddress(record) ? addressIssues({ ...options, record }) : []),
  ];
}

function addressIssues(options: ClipConfig & { record: string }): ConfigIssue[] {
  try {
    cameraAddress(options.record, LIVE_SCHEMES, options);
    return [];
  } catch (error) {
    const hint = "leave record out: clips are made of the frames that come in then";
    return [{ path: ["record"], message: (error as Error).message, hint }];
  }
}

import * as v from "valibot";
import { type ConfigIssue, defineNode, port } from "../../node/index.ts";
import { parseIsoMs } from "../../packet/index.ts";
import { absorbEveryNth, absorbResize } from "./absorbing.ts";
import { FileFrames } from "./file_frames.ts";
import { PICTURE_ENTRIES, pictureIssues } from "./picture_config.ts";

const seconds = v.pipe(v.number(), v.minValue(0));

const config = v.strictObject({
  path: v.pipe(v.string(), v.minLength(1), v.description("Video file, of any kind that ffmpeg reads.")),
  source_id: v.pipe(v.optional(v.pipe(v.string(), v.minLength(1))), v.description("The node's id unless given.")),
  max_frames: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
    v.description("Frames to send; 0 sends all."),
  ),
  loop: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Begins again at the end. Frame numbers and times go on; `pos_msec` begins again."),
  ),
  pace: v.pipe(
    v.optional(v.picklist(["flat_out", "real_time"]), "flat_out"),
    v.description("As fast as frames are taken, or at the speed of the video."),
  ),
  start_sec: v.pipe(v.optional(seconds, 0), v.description("Begins at the first frame at or after this place.")),
  end_sec: v.pipe(v.optional(seconds), v.description("Ends before this place.")),
  start_ts: v.pipe(
    v.optional(v.string()),
    v.description("Event time of the video's place 0; the moment the run began unless given."),
  ),
  time: v.pipe(
    v.optional(v.picklist(["position", "clock"]), "position"),
    v.description("Event times: the frame's place in the video, counted from `start_ts`; or when it was read."),
  ),
  ...PICTURE_ENTRIES,
});

export type VideoFileConfig = v.InferOutput<typeof config>;

export const videoFile = defineNode({
  name: "video_file",
  kind: "source",
  doc: `Decodes a video file into frames.

Every picture of the file is one packet, in order, none twice and none left out, also where the distance between
pictures changes. Times are exact: \`meta.pos_msec\` is the picture's own time in the file, and \`ts\` is \`start_ts\` plus
that. Its key is \`frame:<source_id>:<frame_idx>\`.

Frames lie in shared memory, of which there are \`frames\`; one is used again when everything that came of its packet
is done, so the file is read as fast as the graph goes. Nodes that keep frames for longer, such as \`snapshot_sink\`, keep
half of the places at most, and copies of the rest.

Pictures that change their size within the file are scaled to the size of the first one.`,
  config,
  outputs: { out: port("frame", "The frames.", "inproc_any") },
  examples: [
    {
      title: "Two grey frames of 2×2 pixels, a tenth of a second apart",
      config: { path: "clip.y4m", format: "gray", source_id: "yard", start_ts: "2026-01-01T06:00:00Z" },
      files: { "clip.y4m": "YUV4MPEG2 W2 H2 F10:1 Ip A1:1 Cmono\nFRAME\nabcdFRAME\nefgh" },
      output: {
        out: [
          {
            kind: "frame",
            source_id: "yard",
            ts: "2026-01-01T06:00:00.000000Z",
            meta: { idempotency_key: "frame:yard:0", frame_idx: 0, pos_msec: 0 },
          },
          {
            kind: "frame",
            source_id: "yard",
            ts: "2026-01-01T06:00:00.100000Z",
            meta: { idempotency_key: "frame:yard:1", frame_idx: 1, pos_msec: 100 },
          },
        ],
      },
    },
  ],
  check: (options) => [...pictureIssues(options), ...fileIssues(options)],
  reads: ({ path: file }) => [{ path: ["path"], file }],
  absorbs: (options, next) => {
    const bounded = options.loop || options.max_frames > 0;
    // Both count frames: of all, or of those that are kept.
    return absorbResize(options, next) ?? (bounded ? undefined : absorbEveryNth(options, next));
  },
  create: (options, context) => new FileFrames(options, context),
});

function fileIssues({ start_ts, start_sec, end_sec, path }: VideoFileConfig): ConfigIssue[] {
  const noTime = start_ts !== undefined && Number.isNaN(parseIsoMs(start_ts));
  const noPart = end_sec !== undefined && end_sec <= start_sec;
  const address = /^[a-z][a-z0-9+.-]+:\/\//i.test(path);
  return [
    ...(noTime
      ? [{ path: ["start_ts"], message: `it must be ISO-8601, such as 2026-01-01T06:00:00Z: it is "${start_ts}"` }]
      : []),
    ...(noPart ? [{ path: ["end_sec"], message: `it must be after start_sec (${start_sec}): it is ${end_sec}` }] : []),
    ...(address ? [{ path: ["path"], message: "it is an address: rtsp_source and http_video_source take those" }] : []),
  ];
}

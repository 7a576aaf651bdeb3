import * as v from "valibot";
import { MADE_FORMATS } from "../../media/index.ts";
import { defineNode, port } from "../../node/index.ts";
import { FolderFrames } from "./folder_frames.ts";

const whole = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

const config = v.strictObject({
  path: v.pipe(v.string(), v.minLength(1), v.description("Folder of JPEG, PNG, WebP, GIF or BMP files.")),
  source_id: v.pipe(v.optional(v.pipe(v.string(), v.minLength(1))), v.description("The node's id unless given.")),
  watch: v.pipe(
    v.optional(v.boolean(), false),
    v.description("Goes on with the pictures that come, once their size has stayed the same for `poll_ms`."),
  ),
  poll_ms: v.pipe(v.optional(whole(10, 86_400_000), 500), v.description("How often a watched folder is looked at.")),
  fps: v.pipe(
    v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1_000)), 1),
    v.description("Pictures per second, by their times."),
  ),
  pace: v.pipe(
    v.optional(v.picklist(["flat_out", "real_time"]), "flat_out"),
    v.description("As fast as frames are taken, or `fps` a second."),
  ),
  time: v.pipe(
    v.optional(v.picklist(["position", "modified", "clock"]), "position"),
    v.description("Event times: number / `fps`, counted from the start of the run; when the file was written; or now."),
  ),
  max_frames: v.pipe(v.optional(whole(0, Number.MAX_SAFE_INTEGER), 0), v.description("Frames to send; 0 sends all.")),
  format: v.pipe(v.optional(v.picklist(MADE_FORMATS), "bgr24"), v.description("How the pixels lie in memory.")),
  frames: v.pipe(v.optional(whole(1, 1_024), 16), v.description("Pictures in memory at once.")),
});

export type FolderConfig = v.InferOutput<typeof config>;

export const imageDirSource = defineNode({
  name: "image_dir_source",
  kind: "source",
  doc: `Reads the pictures of a folder in the order of their names, \`shot2\` before \`shot10\`.

A file that is no picture is set aside with its name and the reason, and the next one follows. Each picture has its own
size; \`resize\` behind it makes them equal. \`meta.file\` is the file's name. Needs no ffmpeg.`,
  config,
  outputs: { out: port("frame", "The pictures.", "inproc_any") },
  examples: [
    {
      title: "A folder without pictures",
      config: { path: "shots" },
      files: { "shots/readme.txt": "none yet" },
      output: { out: [] },
    },
  ],
  create: (options, context) => new FolderFrames(options, context),
});

import * as v from "valibot";
import { type ConfigIssue, defineNode, port } from "../../node/index.ts";
import { absorbResize } from "./absorbing.ts";
import { cameraEntries, cameraIssues } from "./camera_config.ts";
import { CameraFrames } from "./camera_frames.ts";
import { captureInput, deviceName, needsName } from "./capture.ts";

const config = v.strictObject({
  camera_index: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
    v.description("Number of the device: `/dev/video0` on Linux, the first one listed on macOS."),
  ),
  device: v.pipe(
    v.optional(v.pipe(v.string(), v.minLength(1))),
    v.description(
      "Device by its own name instead: `/dev/v4l/by-id/…` stays the same over a restart; `FaceTime HD Camera`.",
    ),
  ),
  system: v.pipe(
    v.optional(v.picklist(["auto", "v4l2", "avfoundation", "dshow"]), "auto"),
    v.description("How devices are reached; `auto` is what this system has."),
  ),
  capture_size: v.pipe(
    v.optional(v.pipe(v.string(), v.regex(/^\d{1,5}x\d{1,5}$/, "must be a size such as 1280x720"))),
    v.description("Size that the device is asked for, such as `1280x720`; its own choice unless given."),
  ),
  capture_fps: v.pipe(
    v.optional(v.pipe(v.number(), v.gtValue(0))),
    v.description("Pictures a second that the device is asked for. macOS needs one that it has: 30."),
  ),
  capture_format: v.pipe(
    v.optional(v.pipe(v.string(), v.regex(/^[a-z0-9]{2,16}$/, "must be a name such as mjpeg or yuyv422"))),
    v.description("`mjpeg` gives many cameras their full rate over USB 2; `yuyv422` is exact."),
  ),
  ...cameraEntries({ backoffSec: 0.5, backoffMaxSec: 5 }),
});

export type WebcamConfig = v.InferOutput<typeof config>;

export const webcamSource = defineNode({
  name: "webcam_source",
  kind: "source",
  doc: `Takes pictures from a camera at this machine, for as long as the graph runs.

A device that is pulled out or taken by another program is tried again, at the latest after
\`reconnect_backoff_max_sec\`; each change is logged once. Two nodes of a graph cannot have the same device. Keys,
numbers and what happens to pictures that nobody takes are those of [rtsp_source](rtsp_source.md); \`meta.camera_index\`
is the number of the device.`,
  config,
  outputs: { out: port("frame", "The pictures.", "inproc_any") },
  examples: [
    {
      title: "One picture of the first camera",
      config: { max_frames: 1, key_epoch: "count", source_id: "desk" },
      output: {
        out: [
          {
            kind: "frame",
            source_id: "desk",
            meta: { idempotency_key: "frame:desk:1:0", frame_idx: 0, epoch: 1, camera_index: 0 },
          },
        ],
      },
    },
  ],
  check: (options) => [...deviceIssues(options), ...cameraIssues(options)],
  owns: (options) => [
    { path: options.device === undefined ? [] : ["device"], what: `camera ${options.device ?? options.camera_index}` },
  ],
  absorbs: absorbResize,
  create: (options, context) =>
    new CameraFrames(
      options,
      {
        name: deviceName(options),
        input: () => captureInput(options),
        hide: (text) => text,
        meta: { camera_index: options.camera_index },
      },
      context,
    ),
});

function deviceIssues(options: WebcamConfig): ConfigIssue[] {
  const { device, camera_index } = options;
  const both = device !== undefined && camera_index !== 0;
  const hint = "ffmpeg -list_devices true -f dshow -i dummy lists the names";
  return [
    ...(both ? [{ path: ["device"], message: "device and camera_index exclude each other: keep one" }] : []),
    ...(needsName(options)
      ? [{ path: [], message: "on Windows a camera is opened by its name: set device", hint }]
      : []),
  ];
}

import * as v from "valibot";
import { cameraAddress, httpInput, probeCamera, withoutSecrets } from "../../media/index.ts";
import { defineNode, port } from "../../node/index.ts";
import { addressIssues } from "../address_issues.ts";
import { PROBE_ENTRIES } from "../live_config.ts";
import { absorbResize } from "./absorbing.ts";
import { cameraEntries, cameraIssues } from "./camera_config.ts";
import { CameraFrames } from "./camera_frames.ts";

const SCHEMES = ["http", "https"];

const config = v.strictObject({
  url: v.pipe(
    v.string(),
    v.minLength(1),
    v.description(
      "`http://` or `https://` address of an MJPEG stream, an HLS playlist, or another stream that goes on.",
    ),
  ),
  user: v.pipe(v.optional(v.string()), v.description("User, unless it stands in `url`.")),
  password: v.pipe(
    v.optional(v.string()),
    v.description("Password, unless it stands in `url`; give it as `${file:/path/to/password}`."),
  ),
  kind: v.pipe(
    v.optional(v.picklist(["auto", "mjpeg", "hls"]), "auto"),
    v.description("What it is, where the server does not say it well."),
  ),
  ...cameraEntries({ backoffSec: 1, backoffMaxSec: 60 }),
  ...PROBE_ENTRIES,
});

export const httpVideoSource = defineNode({
  name: "http_video_source",
  kind: "source",
  doc: `Takes pictures from a camera or server that streams over HTTP: MJPEG, HLS and whatever else ffmpeg reads.

It finds its way back as [rtsp_source](rtsp_source.md) does, with HEAD as the question, or a connection alone for
\`https\`. HLS comes in pieces, so its pictures are some seconds old; it is read at the speed at which they come.
\`https\` needs an ffmpeg with TLS: \`schnitzel doctor\` says whether yours has it.`,
  config,
  outputs: { out: port("frame", "The pictures.", "inproc_any") },
  examples: [
    {
      title: "One picture of an MJPEG camera",
      config: { url: "http://192.168.1.21/video.mjpg", max_frames: 1, key_epoch: "count", source_id: "door" },
      output: {
        out: [
          { kind: "frame", source_id: "door", meta: { idempotency_key: "frame:door:1:0", frame_idx: 0, epoch: 1 } },
        ],
      },
    },
  ],
  check: (options) => [...addressIssues(options, SCHEMES), ...cameraIssues(options)],
  absorbs: absorbResize,
  create(options, context) {
    const address = cameraAddress(options.url, SCHEMES, options);
    return new CameraFrames(
      options,
      {
        name: address.shown,
        input: (_, fast) => httpInput(address, { kind: options.kind, timeoutMs: options.timeout_sec * 1_000, fast }),
        hide: (text) => withoutSecrets(address, text),
        probe: probeCamera(context.exchange, address),
      },
      context,
    );
  },
});

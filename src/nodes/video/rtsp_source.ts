import * as v from "valibot";
import { cameraAddress, probeCamera, rtspInput, withoutSecrets } from "../../media/index.ts";
import { defineNode, port } from "../../node/index.ts";
import { addressIssues } from "../address_issues.ts";
import { PROBE_ENTRIES } from "../live_config.ts";
import { absorbResize } from "./absorbing.ts";
import { cameraEntries, cameraIssues } from "./camera_config.ts";
import { CameraFrames } from "./camera_frames.ts";

const SCHEMES = ["rtsp", "rtsps"];

const config = v.strictObject({
  url: v.pipe(
    v.string(),
    v.minLength(1),
    v.description(
      "`rtsp://HOST[:PORT]/PATH`; docs/cameras.md has the paths of common cameras. May hold user and password.",
    ),
  ),
  user: v.pipe(v.optional(v.string()), v.description("User, unless it stands in `url`.")),
  password: v.pipe(
    v.optional(v.string()),
    v.description("Password, unless it stands in `url`; give it as `${file:/path/to/password}`."),
  ),
  transport: v.pipe(
    v.optional(v.picklist(["tcp", "udp"]), "tcp"),
    v.description("`tcp` gets through firewalls and loses nothing; `udp` is a little earlier on a good network."),
  ),
  ...cameraEntries({ backoffSec: 1, backoffMaxSec: 60 }),
  ...PROBE_ENTRIES,
});

export const rtspSource = defineNode({
  name: "rtsp_source",
  kind: "source",
  doc: `Takes pictures from an RTSP camera, for as long as the graph runs.

A camera that goes away is found again: ffmpeg is started anew after a wait that doubles from
\`reconnect_backoff_sec\` to \`reconnect_backoff_max_sec\`, of which a random part is waited. Beside that the camera is asked
(RTSP OPTIONS, without a password) first soon, then every \`probe_sec\`, and its first answer after it was away ends the wait. Every end of the stream is
such a loss, and so are \`stall_sec\` without a picture and \`frozen_sec\` of the same pixels. A wrong password is tried
once a minute and more and more seldom, as cameras lock accounts. Each change is logged once.

\`ts\` is when the picture was decoded here. \`meta.epoch\` counts connections from 1, \`frame_idx\` goes on over them
and counts the pictures that were given up as well, and
the key is \`frame:<source_id>:<start>-<epoch>:<frame_idx>\` with the time of the start in it, so that a run never gives
a key that an earlier one gave (\`key_epoch: count\`: \`frame:<source_id>:<epoch>:<frame_idx>\`, as the predecessor).

The stream is always read. With an inbox of \`{ capacity: 1, overflow: drop_oldest }\` before a slow node that node gets
the newest picture; pictures that nobody takes are replaced by newer ones and counted in \`dropped_not_taken_total\`, and
those for which all \`frames\` were in use in \`dropped_no_free_frame_total\`. A camera that changes its size is scaled to
the size it had, until it is opened again. User and password are shown nowhere but in
the list of processes, where ffmpeg has them.`,
  config,
  outputs: { out: port("frame", "The pictures.", "inproc_any") },
  examples: [
    {
      title: "Five pictures a second of 640 pixels' width, and the key they get",
      config: {
        url: "rtsp://192.168.1.20:554/stream1",
        width: 640,
        fps: 5,
        max_frames: 2,
        key_epoch: "count",
        source_id: "yard",
      },
      output: {
        out: [0, 1].map((frame_idx) => ({
          kind: "frame",
          source_id: "yard",
          meta: { idempotency_key: `frame:yard:1:${frame_idx}`, frame_idx, epoch: 1 },
        })),
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
        input: (ffmpeg, fast) =>
          rtspInput(address, ffmpeg, { transport: options.transport, timeoutMs: options.timeout_sec * 1_000, fast }),
        hide: (text) => withoutSecrets(address, text),
        probe: probeCamera(context.exchange, address),
      },
      context,
    );
  },
});

import * as v from "valibot";
import { encodeJpeg } from "../../media/index.ts";
import { defineNode, port } from "../../node/index.ts";
import { replace, type StreamPacket, typeName } from "../../packet/index.ts";
import { isMap } from "../event_protocol.ts";
import { eventFile } from "./event_file.ts";
import { KEPT_ENTRIES, KeptFiles } from "./kept_files.ts";
import { RecentFrames } from "./recent_frames.ts";

const config = v.strictObject({
  dir: v.pipe(v.optional(v.pipe(v.string(), v.minLength(1)), "snapshots"), v.description("Folder; it is made.")),
  public_prefix: v.pipe(
    v.optional(v.string(), ""),
    v.description("What stands before `site/camera/name.jpg` in the event; empty: the folder."),
  ),
  quality: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)), 85),
    v.description("Of the JPEGs, 1 to 100."),
  ),
  max_width: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(16))),
    v.description("Pixels; wider frames are made smaller."),
  ),
  frames: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(8)), 3),
    v.description(
      "Last frames of each source that are kept; copies where half of the source's `frames` are kept already.",
    ),
  ),
  within_sec: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0)), 1),
    v.description("Without a frame of the event's very time, an older one is taken up to this age."),
  ),
  ...KEPT_ENTRIES,
});

type Config = v.InferOutput<typeof config>;

const PIXEL = new Uint8Array(1);

export const snapshotSink = defineNode({
  name: "snapshot_sink",
  kind: "sink",
  doc: `Writes a JPEG for each event, and its path into \`payload.snapshot_path\`.

Frames come in by \`frames\`, events by \`events\`; both must be on the way from the same source, so that the frame an
event is about came just before it. The file is \`<dir>/<site_id>/<camera_id>/<ts>[_<track_id>].jpg\`, where every
character of \`ts\` but digits, letters, \`_\` and \`-\` is \`_\`: the same event again writes the same file. It is on the
disk before the event goes on. Without a frame, or when the disk is full, \`snapshot_path\` is null, counted, and the
event goes on all the same. The oldest pictures make room for new ones; what lies in the folder under other names than
these is left alone.`,
  config,
  inputs: {
    frames: port("frame", "What the camera shows; raw or JPEG.", "inproc_any"),
    events: port("event", "Events of the frames.", "json_portable"),
  },
  outputs: { out: port("event", "The events, with `payload.snapshot_path`.", "json_portable") },
  owns: ({ dir }) => [{ path: ["dir"], what: `pictures in ${dir}` }],
  examples: [
    {
      title: "Frames are kept until an event asks for one",
      config: { dir: "pictures", min_free: 0 },
      input: [
        { kind: "frame", payload: { width: 1, height: 1, format: "gray", stride: 1, data: PIXEL, frame_idx: 0 } },
      ],
      output: { out: [] },
    },
  ],
  create(options, context) {
    const recent = new RecentFrames(options.frames);
    const kept = new KeptFiles(options, [".jpg"], context);
    const counts = { written: 0, no_frame: 0, failed: 0 };
    const picture = async (event: StreamPacket, fields: Record<string, unknown>): Promise<string | null> => {
      const frame = recent.find(event, options.within_sec * 1_000);
      if (frame === undefined) {
        counts.no_frame += 1;
        return null;
      }
      const relative = eventFile(event, fields, ".jpg");
      try {
        const file = await kept.write(
          relative,
          await encodeJpeg(frame, { quality: options.quality, ...widthOf(options) }),
        );
        counts.written += 1;
        return options.public_prefix === "" ? file : `${options.public_prefix}${relative}`;
      } catch (error) {
        counts.failed += 1;
        context.log.warn("a snapshot could not be written", { file: relative, error: String(error) });
        return null;
      }
    };
    return {
      async process(packet, emit, input) {
        if (input === "frames") return recent.add(packet);
        const { payload } = packet;
        if (!isMap(payload)) throw new TypeError(`an event's payload must be a map, got ${typeName(payload)}`);
        emit.out(replace(packet, { payload: { ...payload, snapshot_path: await picture(packet, payload) } }));
      },
      close: () => recent.close(),
      metrics: () => ({
        ...kept.metrics(),
        written_total: counts.written,
        no_frame_total: counts.no_frame,
        failed_total: counts.failed,
      }),
    };
  },
});

const widthOf = ({ max_width }: Config) => (max_width === undefined ? {} : { maxWidth: max_width });

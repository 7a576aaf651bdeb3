import { sleep } from "../../base/clock.ts";
import { defineNode, port } from "../../node/index.ts";
import { replace, type StreamPacket, typeName } from "../../packet/index.ts";
import { isMap } from "../event_protocol.ts";
import { clipConfig, clipIssues, isAddress } from "./clip_config.ts";
import { noticeOf } from "./clip_notice.ts";
import { ClipWriter } from "./clip_writer.ts";
import { RunningClips } from "./clips.ts";
import { eventFile } from "./event_file.ts";
import { FileFootage } from "./file_footage.ts";
import type { Footage } from "./footage.ts";
import { FrameFootage } from "./frame_footage.ts";
import { KeptFiles } from "./kept_files.ts";
import { LiveFootage } from "./live_footage.ts";

/** Notices that nobody took yet; a thousand clips are a day of a busy door. */
const MAX_NOTICES = 1_000;
/** Less than the 5 s that a node has to close. */
const CLOSING_MS = 2_500;

const PIXEL = new Uint8Array(1);

export const clipSink = defineNode({
  name: "clip_sink",
  kind: "sink",
  doc: `Writes a clip with what was before and after each event, and its path into \`payload.clip_path\`.

Frames come in by \`frames\`, events by \`events\`, as with \`snapshot_sink\`. With \`record\` the clip is what the camera
sent, sound included, without decoding or encoding it: it begins with a key frame, at most one distance of key frames (or
1 s) before \`pre_sec\`. Without, it is made of the frames.

An event goes on at once, by \`out\`, with the path that the clip will have. When the clip is finished a packet of kind
\`clip\` says so by \`clips\`, with the next frame or event that comes: its path, duration, bytes and events, or why there is
none. Events within a running clip make it longer, up to \`max_sec\`, and get its path. An event that gets none (no time,
\`max_pending\`) has \`clip_path\` null and is counted. A file is there whole or not at all.

\`<dir>/<site_id>/<camera_id>/<ts>[_<track_id>].mp4\` is the file of the first event. The oldest clips make room for new
ones. When the disk is full the graph goes on, clips are counted as failed, and recording goes on when there is room.`,
  config: clipConfig,
  inputs: {
    frames: port("frame", "What the camera shows; raw or JPEG.", "inproc_any"),
    events: port("event", "Events of the frames.", "json_portable"),
  },
  outputs: {
    out: port("event", "The events, with `payload.clip_path`.", "json_portable"),
    clips: port("clip", "A notice of each clip that is finished, or that could not be written.", "json_portable"),
  },
  check: clipIssues,
  reads: ({ record }) => (record === undefined || isAddress(record) ? [] : [{ path: ["record"], file: record }]),
  owns: ({ dir, buffer_dir }) => [
    { path: ["dir"], what: `clips in ${dir}` },
    ...(buffer_dir === undefined ? [] : [{ path: ["buffer_dir"], what: `clips in ${buffer_dir}` }]),
  ],
  examples: [
    {
      title: "Frames are kept until an event asks for a clip",
      config: { dir: "clips", min_free: 0, pre_sec: 5, post_sec: 5 },
      input: [
        { kind: "frame", payload: { width: 1, height: 1, format: "gray", stride: 1, data: PIXEL, frame_idx: 0 } },
      ],
      output: { out: [] },
    },
  ],
  create(options, context) {
    const kept = new KeptFiles(options, [".mp4", ".mkv"], context);
    const notices: StreamPacket[] = [];
    const counts = { extended: 0, repeated: 0, no_time: 0, too_many: 0, notices: 0 };
    const footage: Footage = makeFootage();
    const writer = new ClipWriter(context, footage, kept, (result) => {
      notices.push(noticeOf(result, context));
      if (notices.length > MAX_NOTICES) {
        notices.shift();
        counts.notices += 1;
      }
    });
    const running = new RunningClips(options, footage, context.clock, (clip) => writer.add(clip));

    function makeFootage(): Footage {
      const { record } = options;
      const look = () => running.look();
      if (record === undefined) return new FrameFootage(options, context, look);
      if (!isAddress(record)) return new FileFootage({ ...options, record }, context);
      return new LiveFootage({ ...options, record }, context, () => kept.makeRoom(0), look);
    }

    /** The path of the clip that an event gets. */
    function clipOf(event: StreamPacket, fields: Record<string, unknown>): string | null {
      const moment = footage.find(event);
      if (moment === undefined) return none("no_time");
      const extended = running.extend(event, moment);
      if (extended !== undefined) {
        counts.extended += 1;
        return extended.path;
      }
      const file = eventFile(event, fields, footage.ending);
      const path = options.public_prefix === "" ? kept.pathOf(file) : `${options.public_prefix}${file}`;
      // The same event again, as after a crash: its clip is there, or on its way.
      if (writer.has(file) || context.files.exists(kept.pathOf(file))) {
        counts.repeated += 1;
        return path;
      }
      if (running.size + writer.size >= options.max_pending) return none("too_many");
      running.begin(event, moment, { file, path });
      return path;
    }

    function none(why: "no_time" | "too_many") {
      counts[why] += 1;
      return null;
    }

    return {
      open: () => footage.open(),
      process(packet, emit, input) {
        for (let notice = notices.shift(); notice !== undefined; notice = notices.shift()) emit.clips(notice);
        if (input === "frames") {
          footage.see(packet);
        } else {
          const { payload } = packet;
          if (!isMap(payload)) throw new TypeError(`an event's payload must be a map, got ${typeName(payload)}`);
          emit.out(replace(packet, { payload: { ...payload, clip_path: clipOf(packet, payload) } }));
        }
        running.look();
      },
      async close() {
        await footage.end();
        running.endAll();
        const done = new AbortController();
        const late = sleep(context.clock, CLOSING_MS, done.signal).then(() => writer.stop());
        await writer.settled();
        done.abort();
        await late;
        footage.clear();
      },
      metrics: () => ({
        ...kept.metrics(),
        ...footage.metrics(),
        running_clips: running.size,
        waiting_clips: writer.size,
        written_total: writer.counts.written,
        partial_total: writer.counts.partial,
        failed_total: writer.counts.failed,
        extended_total: counts.extended,
        repeated_total: counts.repeated,
        dropped_no_time_total: counts.no_time,
        dropped_too_many_total: counts.too_many,
        dropped_notices_total: counts.notices,
      }),
    };
  },
});

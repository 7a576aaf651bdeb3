import * as v from "valibot";
import { DEFAULT_FRAMES, FramePool, type PooledSlot } from "../../media/index.ts";
import { defineNode, type NodeContext, port, type SourceInstance } from "../../node/index.ts";
import { frameBytes, frameStride, type StreamPacket } from "../../packet/index.ts";
import { isoMicros } from "../frame_time.ts";
import { realTime } from "../pace.ts";
import { HeldSlots } from "./held_slots.ts";
import { drawScene, SCENE_FORMATS, sceneAt } from "./test_scene.ts";

const whole = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

const config = v.strictObject({
  width: v.pipe(v.optional(whole(8, 8_192), 640), v.description("Pixels.")),
  height: v.pipe(v.optional(whole(8, 4_096), 360), v.description("Pixels.")),
  fps: v.pipe(
    v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1_000)), 30),
    v.description("Pictures per second, by their times."),
  ),
  boxes: v.pipe(
    v.optional(whole(0, 64), 3),
    v.description("Moving boxes: red, blue, green, yellow, magenta, cyan, red …"),
  ),
  max_frames: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
    v.description("Frames to make; 0 goes on until the run is stopped."),
  ),
  pace: v.pipe(
    v.optional(v.picklist(["flat_out", "real_time"]), "flat_out"),
    v.description("As fast as frames are taken, or `fps` a second."),
  ),
  format: v.pipe(v.optional(v.picklist(SCENE_FORMATS), "bgr24"), v.description("How the pixels lie in memory.")),
  frames: v.pipe(v.optional(whole(1, 1_024), DEFAULT_FRAMES), v.description("Pictures in memory at once.")),
  start_ts: v.pipe(
    v.optional(v.pipe(v.string(), v.isoTimestamp())),
    v.description("Event time of frame 0; the moment the run began unless given."),
  ),
});

type Config = v.InferOutput<typeof config>;

export const videoTestSource = defineNode({
  name: "video_test_source",
  kind: "source",
  doc: `Draws coloured boxes that move over a grey ground, and says where they are.

Everything follows from the frame's number, so what a detector, a tracker or a zone should find is known exactly:
\`payload.truth\` lists \`{ id, class_id, bbox }\` of every box, a later one covering an earlier one. Needs neither a
camera nor ffmpeg.`,
  config,
  outputs: { out: port("frame", "The frames.", "inproc_any") },
  examples: [
    {
      title: "A box that goes one pixel to the right in each frame",
      config: { width: 32, height: 16, boxes: 1, max_frames: 2, start_ts: "2026-01-01T06:00:00Z", fps: 10 },
      output: {
        out: [
          { kind: "frame", ts: "2026-01-01T06:00:00.000000Z", meta: metaOf("node", 0, 0) },
          { kind: "frame", ts: "2026-01-01T06:00:00.100000Z", meta: metaOf("node", 1, 100) },
        ],
      },
    },
  ],
  create: (options, context) => new SceneFrames(options, context),
});

function metaOf(source: string, frame_idx: number, pos_msec: number) {
  return { idempotency_key: `frame:${source}:${frame_idx}`, frame_idx, pos_msec };
}

class SceneFrames implements SourceInstance {
  readonly #options: Config;
  readonly #context: NodeContext;
  readonly #pool: FramePool;
  readonly #slots = new HeldSlots();
  readonly ack = this.#slots.release;
  readonly nack = this.#slots.release;
  #startMs = Number.NaN;
  #sent = 0;

  constructor(options: Config, context: NodeContext) {
    this.#options = options;
    this.#context = context;
    this.#pool = new FramePool(frameBytes(options.format, options.width, options.height), options.frames);
  }

  async *run(signal: AbortSignal) {
    const { max_frames, pace, fps, start_ts } = this.#options;
    const { clock } = this.#context;
    this.#startMs = start_ts === undefined ? clock.nowMs() : Date.parse(start_ts);
    const due = pace === "real_time" ? realTime(clock, signal) : () => undefined;
    const end = max_frames || Number.POSITIVE_INFINITY;
    while (this.#sent < end) {
      const slot = this.#pool.take() ?? (await this.#pool.wait(signal));
      const wait = due((this.#sent * 1_000) / fps);
      if (wait !== undefined) await wait;
      if (slot === undefined || signal.aborted) return;
      yield this.#packet(slot);
    }
  }

  metrics() {
    return { frames_total: this.#sent, frames_held: this.#slots.size };
  }

  #packet(slot: PooledSlot): StreamPacket {
    const { width, height, format, fps } = this.#options;
    const frame_idx = this.#sent++;
    const truth = sceneAt(frame_idx, this.#options);
    drawScene(slot.data, truth, this.#options);
    const pos = (frame_idx * 1_000) / fps;
    const packet = this.#context.packet({
      kind: "frame",
      ts: isoMicros(this.#startMs, pos),
      payload: { width, height, format, stride: frameStride(format, width), data: slot.data, frame_idx, truth },
      meta: metaOf(this.#context.nodeId, frame_idx, pos),
    });
    this.#slots.hold(packet, slot);
    return packet;
  }
}

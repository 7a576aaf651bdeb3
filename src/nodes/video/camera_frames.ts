import { type DecodeSpec, FramePool, type LiveFrame, LiveSource, openDecoder, type Probe } from "../../media/index.ts";
import type { Ffmpeg, NodeContext, SourceInstance } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { keyEpochs, type ProbeConfig, supervision } from "../live_config.ts";
import type { CameraConfig } from "./camera_config.ts";
import { HeldSlots } from "./held_slots.ts";
import { changesOf } from "./picture_config.ts";

/** What one kind of camera has of its own. */
export interface Camera {
  /** What people are shown; no secrets. */
  readonly name: string;
  /** ffmpeg's options of the input, `-i`, and the input. */
  readonly input: (ffmpeg: Ffmpeg, fast: boolean) => readonly string[];
  readonly hide: (text: string) => string;
  readonly probe?: Probe;
  /** Beside epoch and number. */
  readonly meta?: Readonly<Record<string, number>>;
}

/** The sources `rtsp_source`, `webcam_source` and `http_video_source`. */
export class CameraFrames implements SourceInstance {
  readonly #options: CameraConfig & Partial<ProbeConfig>;
  readonly #camera: Camera;
  readonly #context: NodeContext;
  readonly #sourceId: string;
  readonly #live: LiveSource;
  readonly #slots = new HeldSlots();
  readonly ack = this.#slots.release;
  readonly nack = this.#slots.release;
  /** Of every connection that is over. */
  readonly #dropped = { no_free_frame: 0, not_taken: 0 };
  readonly #keyEpoch: (epoch: number) => string;
  #pool: FramePool | undefined;
  #current: LiveFrame | undefined;
  /** Number of the first frame of this connection, and of the next frame. */
  #firstIdx = 0;
  #nextIdx = 0;
  #sent = 0;

  constructor(options: CameraConfig & Partial<ProbeConfig>, camera: Camera, context: NodeContext) {
    this.#options = options;
    this.#camera = camera;
    this.#context = context;
    this.#sourceId = options.source_id ?? context.nodeId;
    this.#live = new LiveSource(this.#plan(), context);
    this.#keyEpoch = keyEpochs(options, context.clock.nowMs());
  }

  /** A run without ffmpeg is refused at its start. */
  async open() {
    await this.#context.ffmpeg(this.#options.ffmpeg);
  }

  async *run(signal: AbortSignal) {
    for await (const frame of this.#live.frames(signal)) {
      yield this.#packet(frame);
      if (this.#sent === this.#options.max_frames) return;
    }
  }

  metrics() {
    const { dropped } = this.#current?.decoder ?? {};
    return {
      frames_total: this.#sent,
      frames_held: this.#slots.size,
      ...this.#live.counts,
      epoch: this.#live.epoch,
      streaming: this.#live.state === "streaming" ? 1 : 0,
      dropped_no_free_frame_total: this.#dropped.no_free_frame + (dropped?.no_free_frame ?? 0),
      dropped_not_taken_total: this.#dropped.not_taken + (dropped?.not_taken ?? 0),
    };
  }

  #plan() {
    const options = this.#options;
    return {
      name: this.#camera.name,
      open: (fast: boolean, signal: AbortSignal) => this.#open(fast, signal),
      hide: this.#camera.hide,
      ...supervision(options),
      probe: (options.probe_sec ?? 0) === 0 ? undefined : this.#camera.probe,
      firstFrameMs: options.first_frame_sec * 1_000,
      stallMs: options.stall_sec * 1_000,
      frozenMs: options.frozen_sec * 1_000,
    };
  }

  async #open(fast: boolean, signal: AbortSignal) {
    const { format, frames, ffmpeg, threads } = this.#options;
    const found = await this.#context.ffmpeg(ffmpeg);
    const spec: DecodeSpec = {
      // One thread holds no picture back; each further one holds one.
      input: ["-threads", String(threads), ...this.#camera.input(found, fast)],
      name: this.#camera.name,
      format,
      frames,
      live: true,
      changes: changesOf(this.#options),
      pool: (bytes) => this.#poolFor(bytes),
      ...(ffmpeg === undefined ? {} : { ffmpeg }),
    };
    return openDecoder(this.#context, spec, signal);
  }

  /** One for all connections while the pictures keep their size: what the graph still holds counts. */
  #poolFor(bytes: number): FramePool {
    if (this.#pool?.bytes !== bytes) this.#pool = new FramePool(bytes, this.#options.frames);
    return this.#pool;
  }

  #packet(frame: LiveFrame): StreamPacket {
    const { decoder, decoded, epoch } = frame;
    if (epoch !== this.#current?.epoch) this.#begin();
    this.#current = frame;
    const frameIdx = this.#firstIdx + decoded.index;
    this.#nextIdx = frameIdx + 1;
    this.#sent += 1;
    const packet = this.#context.packet({
      kind: "frame",
      source_id: this.#sourceId,
      payload: decoder.frame(decoded, frameIdx),
      meta: {
        idempotency_key: `frame:${this.#sourceId}:${this.#keyEpoch(epoch)}:${frameIdx}`,
        frame_idx: frameIdx,
        epoch,
        ...this.#camera.meta,
      },
    });
    this.#slots.hold(packet, decoded.slot);
    return packet;
  }

  /** Numbers go on over a new connection. */
  #begin() {
    const { dropped } = this.#current?.decoder ?? {};
    this.#dropped.no_free_frame += dropped?.no_free_frame ?? 0;
    this.#dropped.not_taken += dropped?.not_taken ?? 0;
    this.#firstIdx = this.#nextIdx;
  }
}

import { type DecodedFrame, type Decoder, openDecoder } from "../../media/index.ts";
import type { NodeContext, SourceInstance } from "../../node/index.ts";
import { parseIsoMs, type StreamPacket } from "../../packet/index.ts";
import { isoMicros } from "../frame_time.ts";
import { realTime } from "../pace.ts";
import { HeldSlots } from "./held_slots.ts";
import { changesOf } from "./picture_config.ts";
import type { VideoFileConfig } from "./video_file.ts";

/** Between the last frame of a file and the first of its next round, where the file does not say how long it is. */
const DEFAULT_GAP_MS = 40;

/** The source `video_file`. */
export class FileFrames implements SourceInstance {
  readonly #options: VideoFileConfig;
  readonly #context: NodeContext;
  readonly #sourceId: string;
  readonly #slots = new HeldSlots();
  readonly ack = this.#slots.release;
  readonly nack = this.#slots.release;
  #decoder: Decoder | undefined;
  #startMs = Number.NaN;
  /** Frame number and time at which the round under way began. */
  #round = { idx: 0, ms: 0 };
  #nextIdx = 0;
  #sent = 0;
  #skipped = 0;
  #rounds = 0;

  constructor(options: VideoFileConfig, context: NodeContext) {
    this.#options = options;
    this.#context = context;
    this.#sourceId = options.source_id ?? context.nodeId;
  }

  async *run(signal: AbortSignal) {
    const { loop, start_ts, pace } = this.#options;
    // A run after a failure goes on with the times of the first.
    if (Number.isNaN(this.#startMs))
      this.#startMs = start_ts === undefined ? this.#context.clock.nowMs() : parseIsoMs(start_ts);
    const due = pace === "real_time" ? realTime(this.#context.clock, signal) : () => undefined;
    do {
      this.#decoder = await this.#open(signal);
      let last: DecodedFrame | undefined;
      for await (const decoded of this.#decoder.frames()) {
        last = decoded;
        if (this.#wasSent(decoded)) continue;
        const wait = due(this.#round.ms + decoded.posMs);
        if (wait !== undefined) await wait;
        if (signal.aborted) break;
        yield this.#packet(this.#decoder, decoded);
        if (this.#sent === this.#options.max_frames) break;
      }
      await this.#endRound(this.#decoder, last);
    } while (loop && !signal.aborted && this.#sent !== (this.#options.max_frames || -1));
  }

  /** After a failure the round is decoded again from its start. */
  #wasSent({ index, slot }: DecodedFrame): boolean {
    if (this.#round.idx + index >= this.#nextIdx) return false;
    slot.release();
    return true;
  }

  async close() {
    await this.#decoder?.close();
  }

  metrics() {
    return {
      frames_total: this.#sent,
      skipped_total: this.#skipped,
      rounds_total: this.#rounds,
      frames_held: this.#slots.size,
    };
  }

  #open(signal: AbortSignal): Promise<Decoder> {
    const { path, start_sec, end_sec, format, frames, ffmpeg } = this.#options;
    const part = [
      ...(start_sec > 0 ? ["-ss", String(start_sec)] : []),
      ...(end_sec === undefined ? [] : ["-to", String(end_sec)]),
    ];
    // As a file, also where its name looks like an option or a protocol.
    const input = [...part, "-i", `file:${this.#context.files.resolve(path)}`];
    const spec = { input, name: path, format, frames, live: false, changes: changesOf(this.#options) };
    return openDecoder(this.#context, { ...spec, ...(ffmpeg === undefined ? {} : { ffmpeg }) }, signal);
  }

  #packet(decoder: Decoder, decoded: DecodedFrame): StreamPacket {
    const frameIdx = this.#round.idx + decoded.index;
    const { time } = this.#options;
    const packet = this.#context.packet({
      kind: "frame",
      source_id: this.#sourceId,
      ...(time === "clock" ? {} : { ts: isoMicros(this.#startMs, this.#round.ms + decoded.posMs) }),
      payload: decoder.frame(decoded, frameIdx),
      meta: {
        idempotency_key: `frame:${this.#sourceId}:${frameIdx}`,
        frame_idx: frameIdx,
        pos_msec: decoded.posMs,
      },
    });
    this.#slots.hold(packet, decoded.slot);
    this.#skipped += frameIdx - this.#nextIdx;
    this.#nextIdx = frameIdx + 1;
    this.#sent += 1;
    return packet;
  }

  async #endRound(decoder: Decoder, last: DecodedFrame | undefined) {
    const complaints = decoder.complaints();
    if (complaints.length > 0) this.#context.log.warn("the video is damaged", { complaints: complaints.slice(-3) });
    const { durationMs, fps } = decoder.info;
    const gapMs = fps === undefined ? DEFAULT_GAP_MS : 1_000 / fps;
    const endMs = Math.max((last?.posMs ?? 0) + gapMs, durationMs ?? 0);
    const { start_sec, end_sec } = this.#options;
    // A part of the video begins again where the part begins.
    const lengthMs =
      end_sec === undefined ? endMs - start_sec * 1_000 : Math.min(endMs, end_sec * 1_000) - start_sec * 1_000;
    this.#round = { idx: this.#nextIdx, ms: this.#round.ms + lengthMs };
    this.#rounds += 1;
    await decoder.close();
  }
}

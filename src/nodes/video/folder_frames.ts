import { sleep } from "../../base/clock.ts";
import { toError } from "../../base/to_error.ts";
import { decodePicture, FramePools, type Picture, type PooledSlot, Resizer } from "../../media/index.ts";
import type { NodeContext, SourceInstance } from "../../node/index.ts";
import { type Frame, frameBytes, frameStride, type StreamPacket } from "../../packet/index.ts";
import { isoMicros } from "../frame_time.ts";
import { realTime } from "../pace.ts";
import { FolderNames } from "./folder_names.ts";
import { HeldSlots } from "./held_slots.ts";
import type { FolderConfig } from "./image_dir_source.ts";

/** The source `image_dir_source`. */
export class FolderFrames implements SourceInstance {
  readonly #options: FolderConfig;
  readonly #context: NodeContext;
  readonly #names: FolderNames;
  readonly #resizer = new Resizer();
  readonly #slots = new HeldSlots();
  readonly ack = this.#slots.release;
  readonly nack = this.#slots.release;
  readonly #pools: FramePools;
  #startMs = Number.NaN;
  #sent = 0;
  #rejected = 0;

  constructor(options: FolderConfig, context: NodeContext) {
    this.#options = options;
    this.#context = context;
    this.#pools = new FramePools(options.frames);
    this.#names = new FolderNames(context.files, options.path);
  }

  async *run(signal: AbortSignal) {
    const { clock } = this.#context;
    const { pace, fps, max_frames } = this.#options;
    this.#startMs = clock.nowMs();
    const due = pace === "real_time" ? realTime(clock, signal) : () => undefined;
    for await (const name of this.#found(signal)) {
      const wait = due((this.#sent * 1_000) / fps);
      if (wait !== undefined) await wait;
      const packet = signal.aborted ? undefined : await this.#packet(name, signal);
      if (signal.aborted) return;
      if (packet !== undefined) yield packet;
      if (this.#sent === (max_frames || -1)) return;
    }
  }

  metrics() {
    return { frames_total: this.#sent, rejected_total: this.#rejected, frames_held: this.#slots.size };
  }

  async *#found(signal: AbortSignal): AsyncGenerator<string> {
    const { watch, poll_ms } = this.#options;
    yield* this.#names.fresh();
    while (watch && !signal.aborted) {
      await sleep(this.#context.clock, poll_ms, signal);
      if (!signal.aborted) yield* this.#names.settled();
    }
  }

  async #packet(name: string, signal: AbortSignal): Promise<StreamPacket | undefined> {
    const { files } = this.#context;
    const file = `${this.#options.path}/${name}`;
    try {
      checkSize(files.stat(file).size);
      const picture = await decodePicture(files.readBytes(file));
      const slot = await this.#slot(picture, signal);
      return slot && this.#made(slot, this.#drawn(picture, slot), file);
    } catch (error) {
      this.#rejected += 1;
      this.#context.reject({ file }, `cannot decode ${file}: ${toError(error).message}`);
      return undefined;
    }
  }

  async #slot({ width, height }: Picture, signal: AbortSignal): Promise<PooledSlot | undefined> {
    const { format, frames } = this.#options;
    // Each size has a pool of its own, and the bound is on all of them.
    await this.#slots.below(frames, signal);
    return this.#pools.of(frameBytes(format, width, height)).wait(signal);
  }

  #drawn(picture: Picture, slot: PooledSlot): Omit<Frame, "frame_idx"> {
    try {
      return this.#draw(picture, slot);
    } catch (error) {
      slot.release();
      throw error;
    }
  }

  #draw(picture: Picture, { data }: PooledSlot): Omit<Frame, "frame_idx"> {
    const { width, height } = picture;
    const { format } = this.#options;
    if (format === "bgr24") picture.writeBgr(data);
    else {
      const bgr = new Uint8Array(width * height * 3);
      picture.writeBgr(bgr);
      const inner = { x: 0, y: 0, width, height };
      const frame = { width, height, format: "bgr24", stride: width * 3, data: bgr, frame_idx: 0 } as const;
      this.#resizer.draw(frame, { width, height, inner }, format, data);
    }
    return { width, height, format, stride: frameStride(format, width), data };
  }

  #made(slot: PooledSlot, picture: Omit<Frame, "frame_idx">, file: string): StreamPacket {
    const frame_idx = this.#sent++;
    const source_id = this.#options.source_id ?? this.#context.nodeId;
    const pos_msec = (frame_idx * 1_000) / this.#options.fps;
    const packet = this.#context.packet({
      kind: "frame",
      source_id,
      ts: this.#ts(file, pos_msec),
      payload: { ...picture, frame_idx },
      meta: {
        idempotency_key: `frame:${source_id}:${frame_idx}`,
        frame_idx,
        pos_msec,
        file: file.slice(file.lastIndexOf("/") + 1),
      },
    });
    this.#slots.hold(packet, slot);
    return packet;
  }

  #ts(file: string, posMs: number): string {
    const { time } = this.#options;
    if (time === "position") return isoMicros(this.#startMs, posMs);
    return isoMicros(time === "clock" ? this.#context.clock.nowMs() : this.#context.files.stat(file).mtimeMs, 0);
  }
}

/** A file is read as a whole, and any may lie in the folder. */
const MAX_FILE_BYTES = 128 * 1024 ** 2;

function checkSize(bytes: number) {
  if (bytes <= MAX_FILE_BYTES) return;
  throw new Error(`it has ${bytes} bytes, and the bound is ${MAX_FILE_BYTES}: an 8K picture as BMP has 100 MB`);
}

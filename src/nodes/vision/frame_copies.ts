import { DEFAULT_FRAMES, FramePools, writeBgr } from "../../media/index.ts";
import type { NodeContext } from "../../node/index.ts";
import { type Frame, frameBytes } from "../../packet/index.ts";

/** A copy as `bgr24`, in `data` or in memory of its own. */
export function bgrCopy(frame: Frame, into?: Uint8Array): Frame {
  const { width, height, frame_idx } = frame;
  const data = into ?? new Uint8Array(frameBytes("bgr24", width, height));
  writeBgr(frame, data, 0, width * 3);
  return { width, height, format: "bgr24", stride: width * 3, data, frame_idx };
}

/** Copies of frames, in memory that is used again once all that came of the packet is done. */
export class FrameCopies {
  readonly #context: NodeContext;
  readonly #pools = new FramePools(DEFAULT_FRAMES);
  /** Copies in memory of their own: nobody would say when it is free, or all places were held. */
  unpooled = 0;

  constructor(context: NodeContext) {
    this.#context = context;
  }

  /** As `bgr24`. */
  of(frame: Frame): Frame {
    return bgrCopy(frame, this.#memory(frameBytes("bgr24", frame.width, frame.height)));
  }

  /** In the frame's own format. */
  same(frame: Frame): Frame {
    const { width, height, format, stride, frame_idx } = frame;
    const data = this.#memory(frame.data.length);
    data.set(frame.data);
    return { width, height, format, stride, data, frame_idx };
  }

  #memory(bytes: number): Uint8Array {
    const outcome = this.#context.outcome();
    const slot = outcome === undefined ? undefined : this.#pools.of(bytes).take();
    if (slot === undefined) {
      this.unpooled += 1;
      return new Uint8Array(bytes);
    }
    outcome!.onSettled(() => slot.release());
    return slot.data;
  }
}

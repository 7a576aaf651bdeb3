export { type Bgr, Canvas, type Spot, textWidth } from "./canvas.ts";
export * from "./decoder.ts";
export { findFfmpeg } from "./find_ffmpeg.ts";
export { DEFAULT_FRAMES, FRAME_HEADROOM, FramePool, type PooledSlot } from "./frame_pool.ts";
export { encodeJpeg, type JpegOptions } from "./jpeg.ts";
export * from "./live/index.ts";
export { writeBgr } from "./pixels.ts";
export { type Layout, layoutOf, MADE_FORMATS, Resizer } from "./resize_frame.ts";

export * from "./decoder.ts";
export { findFfmpeg } from "./find_ffmpeg.ts";
export { DEFAULT_FRAMES, FRAME_HEADROOM, FramePool, type PooledSlot } from "./frame_pool.ts";
export * from "./live/index.ts";

export { CONCAT_INPUT, concatList } from "./concat.ts";
export { matroska, type TimedJpeg } from "./matroska.ts";
export { Recorder } from "./recorder.ts";
export { type Remuxed, remux } from "./remux.ts";
export { fromMs, SegmentRing, toMs } from "./segment_ring.ts";

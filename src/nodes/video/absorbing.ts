import type { Absorbed, BehindSource } from "../../node/index.ts";
import type { PictureConfig } from "./picture_config.ts";
import type { ResizeConfig } from "./resize.ts";

/** `resize` behind a source whose pictures keep their size: ffmpeg scales while it decodes. */
export function absorbResize<Config extends PictureConfig>(config: Config, next: BehindSource): Absorbed | undefined {
  if (next.name !== "resize" || config.width !== undefined || config.height !== undefined) return undefined;
  const { width, height, fit, format } = next.config as ResizeConfig;
  const size = { ...(width === undefined ? {} : { width }), ...(height === undefined ? {} : { height }) };
  // The node finds every frame as it should be, and passes it.
  return { config: { ...config, ...size, fit, ...(format === undefined ? {} : { format }) }, left: next.config };
}

/** Nodes that keep every n-th frame; ffmpeg then does not even make pictures of the others. */
export function absorbEveryNth<Config extends PictureConfig>(config: Config, next: BehindSource): Absorbed | undefined {
  if (config.fps !== undefined || config.every_n > 1) return undefined;
  if (next.name === "every_nth_frame") {
    const { every_n, offset } = next.config as { every_n: number; offset: number };
    // A frame that is kept has a number that the node keeps as well.
    return { config: { ...config, every_n, offset: ((offset % every_n) + every_n) % every_n }, left: next.config };
  }
  if (next.name !== "sample") return undefined;
  const { every } = next.config as { every?: number };
  // By time, `sample` goes by the packets' texts; `fps` of the source by the exact times. Only counting is the same.
  if (every === undefined) return undefined;
  return { config: { ...config, every_n: every, offset: 0 }, left: { ...(next.config as object), every: 1 } };
}

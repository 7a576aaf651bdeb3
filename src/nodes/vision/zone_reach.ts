import type { NodeContext } from "../../node/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import { isMap } from "../event_protocol.ts";
import type { Units } from "./watch_config.ts";
import type { Zone } from "./zones.ts";

/** A zone may be drawn over the edges of the picture; half as much again is no slip of the hand. */
const SLACK = 1.5;
/** Sizes of pictures that are looked at: each source has one or two, and who sends a new one each time is not told more. */
const MAX_SIZES = 64;

/**
 * Warns, once for each size of picture, of zones whose pixels are those of another size: the camera was told to scale,
 * or another stream of it was taken, and the zone covers something else, or nothing, without a word.
 */
export class ZoneReach {
  readonly #log: NodeContext["log"];
  readonly #sizes = new Set<string>();
  #zones: readonly Zone[] | undefined;

  constructor({ log }: Pick<NodeContext, "log">) {
    this.#log = log;
  }

  look(zones: readonly Zone[], { payload }: StreamPacket, units: Units) {
    if (units !== "pixel" || !isMap(payload)) return;
    const { width, height } = payload;
    if (typeof width !== "number" || typeof height !== "number") return;
    // A file of zones that was read again is another list.
    if (zones !== this.#zones) this.#sizes.clear();
    this.#zones = zones;
    const size = `${width}x${height}`;
    if (this.#sizes.has(size) || this.#sizes.size >= MAX_SIZES) return;
    this.#sizes.add(size);
    const far = zones.filter(({ polygon }) => polygon.some(({ x, y }) => x > width * SLACK || y > height * SLACK));
    if (far.length === 0) return;
    const names = far.map(({ zone_id }) => zone_id).join(", ");
    this.#log.warn("zones reach far beyond the picture: write them in its pixels, or set units: fraction", {
      zones: names,
      picture: size,
    });
  }
}

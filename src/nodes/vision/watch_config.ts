import * as v from "valibot";
import { type StreamPacket, typeName } from "../../packet/index.ts";
import { isMap } from "../event_protocol.ts";
import { MAX_SOURCES } from "../per_source.ts";
import { EVENT_ENTRIES } from "../sight_event.ts";
import { ANCHORS } from "./detections.ts";
import type { Point } from "./geometry.ts";
import { MAX_TRACKS } from "./track_memory.ts";

const whole = v.pipe(v.number(), v.integer(), v.minValue(1));

/** Config of nodes that watch tracked objects against a drawing on the picture. */
export const WATCH_ENTRIES = {
  units: v.pipe(
    v.optional(v.picklist(["pixel", "fraction"]), "pixel"),
    v.description("What coordinates are in: pixels, or parts of the picture's width and height (0 to 1)."),
  ),
  anchor: v.pipe(
    v.optional(v.picklist(ANCHORS), "bottom_center"),
    v.description("Point of a box that counts: `bottom_center` (the feet) or `center`."),
  ),
  classes: v.pipe(
    v.optional(v.array(v.pipe(v.string(), v.minLength(1)))),
    v.description("Names of the classes watched (a number as text where there are no names); all when left out."),
  ),
  lost_sec: v.pipe(
    v.optional(v.pipe(v.number(), v.gtValue(0)), 5),
    v.description("Event time after which a track that is not seen is gone; longer than the tracker's `lost_sec`."),
  ),
  ...EVENT_ENTRIES,
  max_tracks: v.pipe(
    v.optional(whole, MAX_TRACKS),
    v.description("Tracks remembered per source; the one unseen longest makes room for another."),
  ),
  max_sources: v.pipe(
    v.optional(whole, MAX_SOURCES),
    v.description("Sources watched; the one that was silent longest makes room for another."),
  ),
};

export type Units = "pixel" | "fraction";

/** How many pixels one unit has along x and y. */
export function unitPixels({ payload }: StreamPacket, units: Units): Point {
  if (units === "pixel") return ONE;
  const { width, height } = isMap(payload) ? payload : ({} as Record<string, unknown>);
  if (isSize(width) && isSize(height)) return { x: width, y: height };
  const got = isMap(payload) ? `${JSON.stringify(width)} and ${JSON.stringify(height)}` : typeName(payload);
  throw new TypeError(`units: fraction needs the picture's size in payload.width and payload.height, got ${got}`);
}

const ONE: Point = { x: 1, y: 1 };

const isSize = (value: unknown): value is number => typeof value === "number" && value > 0;

/** Which detections a node looks at: those of its classes, and of them those with a track. */
export class Watched {
  readonly #classes: ReadonlySet<string> | undefined;
  readonly #warn: () => void;
  #untracked = 0;

  constructor(classes: readonly string[] | undefined, warn: () => void) {
    this.#classes = classes && new Set(classes);
    this.#warn = warn;
  }

  has = (className: string): boolean => this.#classes === undefined || this.#classes.has(className);

  /** False, counted, and said once, for a detection without a track. */
  isTracked<Seen extends { track: unknown }>(seen: Seen): seen is Seen & { track: number | string } {
    if (seen.track !== undefined) return true;
    if (this.#untracked === 0) this.#warn();
    this.#untracked += 1;
    return false;
  }

  metrics = () => ({ untracked_total: this.#untracked });
}

export const NO_TRACKER = "passing over detections without track_id: put a tracker before this node";

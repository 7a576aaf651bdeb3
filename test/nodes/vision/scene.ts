import type { Random } from "../../../src/base/random.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { packet } from "../../support/node.ts";

/** A detection as detectors write them, with the object it is really of. */
export interface Truth {
  bbox: { x1: number; y1: number; x2: number; y2: number };
  confidence: number;
  class_id: number;
  class_name: string;
  truth: number;
}

export interface SceneOptions {
  objects: number;
  frames: number;
  fps: number;
  /** Part of the sightings that is missing, at most three frames in a row of an object. */
  missing?: number;
  /** Pixels by which a corner is wrong at most. */
  jitter?: number;
}

const START_MS = Date.UTC(2026, 0, 1);

export const timeAt = (seconds: number) => new Date(START_MS + Math.round(seconds * 1_000)).toISOString();

export const detection = (truth: number, x: number, y: number, rest: Partial<Truth> = {}): Truth => ({
  bbox: { x1: x, y1: y, x2: x + 40, y2: y + 100 },
  confidence: 0.9,
  class_id: 0,
  class_name: "person",
  truth,
  ...rest,
});

/** A packet of kind `detection` at a time of the scene. */
export const shot = (seconds: number, detections: readonly object[], source_id = "cam01"): StreamPacket =>
  packet({
    kind: "detection",
    source_id,
    ts: timeAt(seconds),
    payload: { frame_idx: Math.round(seconds * 30), width: 1280, height: 720, detections },
  });

/**
 * People who walk past one another, two to a lane, each at a pace of their own that changes a little: even ones to the
 * right, odd ones to the left and in front. Who is behind is unsure (0.2 … 0.4); who is hidden for the most part is
 * not seen at all.
 */
export function generatedScene(options: SceneOptions, random: Random): Truth[][] {
  const { objects, frames, fps, missing = 0, jitter = 0 } = options;
  const walkers = Array.from({ length: objects }, (_, at) => ({
    x: at % 2 === 0 ? 300 * random.float() : 940 + 300 * random.float(),
    y: 20 + Math.floor(at / 2) * 70 + (at % 2) * 24,
    pace: (60 + random.float() * 120) * (at % 2 === 0 ? 1 : -1),
    missed: 0,
  }));
  return Array.from({ length: frames }, () => {
    const seen: Truth[] = [];
    for (const walker of walkers) {
      walker.pace *= 1 + (random.float() - 0.5) * 0.04;
      walker.x += walker.pace / fps;
    }
    for (const [truth, walker] of walkers.entries()) {
      const error = () => (random.float() * 2 - 1) * jitter;
      const { bbox, ...whole } = detection(truth, walker.x, walker.y);
      const front = truth % 2 === 0 ? walkers[truth + 1] : undefined;
      const hidden = front === undefined ? 0 : Math.max(0, 1 - Math.abs(front.x - walker.x) / 40);
      const miss = hidden > 0.8 || (random.float() < missing && walker.missed < 3);
      walker.missed = miss ? walker.missed + 1 : 0;
      if (miss) continue;
      seen.push({
        ...whole,
        bbox: { x1: bbox.x1 + error(), y1: bbox.y1 + error(), x2: bbox.x2 + error(), y2: bbox.y2 + error() },
        confidence: hidden > 0.3 ? 0.2 + random.float() * 0.2 : 0.5 + random.float() * 0.45,
      });
    }
    return seen;
  });
}

/** How often an object changed its id, and an id its object. */
export function idSwitches(tracked: readonly (readonly { truth: number; track_id: unknown }[])[]): number {
  const idOf = new Map<number, unknown>();
  const truthOf = new Map<unknown, number>();
  let switches = 0;
  for (const { truth, track_id } of tracked.flat()) {
    if (idOf.has(truth) && idOf.get(truth) !== track_id) switches += 1;
    if (truthOf.has(track_id) && truthOf.get(track_id) !== truth) switches += 1;
    idOf.set(truth, track_id);
    truthOf.set(track_id, truth);
  }
  return switches;
}

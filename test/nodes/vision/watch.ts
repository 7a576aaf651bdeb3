import type { NodeDefinition } from "../../../src/node/index.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { startNode } from "../../support/node.ts";
import { detection, shot } from "./scene.ts";

interface Tally {
  total: number;
  classes: Record<string, number>;
}

/** What the nodes say, all of it. */
export interface Said {
  event_id: string;
  ts: string;
  event_type: string;
  track_id: unknown;
  bbox: object | null;
  zone: { zone_id: string; inside: boolean };
  line: { line_id: string; direction: string };
  dwell: { sec: number; threshold_sec: number | null };
  count: Tally & { zones: Record<string, Tally>; window: Tally };
}

/** Somebody with a track whose feet (middle of the box's bottom) are at x, y; the box is 100 high. */
export const feet = (track_id: unknown, x: number, y: number, class_name = "person") => ({
  ...detection(0, x - 20, y - 100, { class_name }),
  track_id,
});

/** Runs a node over `[second, detections]` and gives what it said. */
export async function watch(
  definition: NodeDefinition,
  config: Record<string, unknown>,
  shots: readonly (readonly [second: number, detections: readonly object[]])[],
) {
  const started = startNode(definition, config);
  for (const [second, detections] of shots) await started.process(shot(second, detections));
  return { ...started, events: started.on("out").map(({ payload }) => payload as Said) };
}

export const square = (zone_id: string, from: number, to: number, rest: object = {}) => ({
  zone_id,
  polygon: [
    [from, from],
    [to, from],
    [to, to],
    [from, to],
  ],
  ...rest,
});

/** A snapshot as a store keeps it. */
export const saved = (node: { snapshot?(): unknown }): unknown => JSON.parse(JSON.stringify(node.snapshot!()));

export const keysOf = (packets: readonly StreamPacket[]) => packets.map(({ meta }) => meta.idempotency_key);

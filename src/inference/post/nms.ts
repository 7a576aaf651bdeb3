import type { BoxOutput } from "../../node/index.ts";
import type { Candidates } from "./candidates.ts";

/** Best candidates that are compared; a model that is sure of more finds none of them. 10,000 x 300 take some 10 ms. */
export const MAX_COMPARED = 10_000;
/** Against division by zero for two empty boxes; the predecessor's number. */
const EPSILON = 1e-9;

/**
 * Indices of the boxes to keep, the surest first: greedily, each box drops the less sure ones that overlap it by `iou`
 * or more. Equal scores keep their order.
 */
export function suppress(
  boxes: Candidates,
  { iou, agnostic, max_detections }: Pick<BoxOutput, "iou" | "agnostic" | "max_detections">,
): number[] {
  const order = bySureness(boxes);
  const kept: number[] = [];
  for (const i of order) {
    if (kept.length >= max_detections) break;
    let free = true;
    for (let k = 0; k < kept.length && free; k++) {
      const j = kept[k]!;
      if (agnostic || boxes.classId[j] === boxes.classId[i]) free = overlap(boxes, i, j) < iou;
    }
    if (free) kept.push(i);
  }
  return kept;
}

/** Intersection over union. */
export function overlap({ x1, y1, x2, y2 }: Candidates, i: number, j: number): number {
  const width = Math.min(x2[i]!, x2[j]!) - Math.max(x1[i]!, x1[j]!);
  const height = Math.min(y2[i]!, y2[j]!) - Math.max(y1[i]!, y1[j]!);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  const areaI = (x2[i]! - x1[i]!) * (y2[i]! - y1[i]!);
  const areaJ = (x2[j]! - x1[j]!) * (y2[j]! - y1[j]!);
  return both / (areaI + areaJ - both + EPSILON);
}

/**
 * Sorted as numbers, which is 20 times as fast as by a function: each is the bits of the score, turned round, and the
 * index. 32 + 21 bits fit a double exactly, so at most 2^21 boxes.
 */
const INDEX_BITS = 2 ** 21;
const bits = new Float32Array(1);
const word = new Uint32Array(bits.buffer);

function bySureness({ length, score }: Candidates): number[] {
  const keys = new Float64Array(Math.min(length, INDEX_BITS));
  for (let i = 0; i < keys.length; i++) {
    // Bits of floats that are not negative are ordered as the floats are.
    bits[0] = Math.max(0, score[i]!);
    keys[i] = (0xffff_ffff - word[0]!) * INDEX_BITS + i;
  }
  keys.sort();
  return Array.from(keys.subarray(0, MAX_COMPARED), (key) => key % INDEX_BITS);
}

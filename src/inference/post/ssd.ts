import type { BoxOutput } from "../../node/index.ts";
import { Candidates } from "./candidates.ts";
import { classCount, type ModelSize, named, type Output, thresholds, unexpected } from "./output.ts";

/** Coordinates of 0 … 1 may stand a little outside; pixels of a model that sees anything go far beyond. */
const NORMALISED = 2;
/**
 * SSD and others that choose their boxes themselves: an output with `box` in its name `[N, 4]`, one with `score` `[N]`,
 * one with `class` or `label` `[N]`, and perhaps one with `num`. TensorFlow's (`detection_boxes`) have y before x; others
 * x before y. Corners are shares of the picture, or pixels when any is beyond 2. Class numbers stay as the model says.
 */
export function ssd(outputs: readonly Output[], output: BoxOutput, size: ModelSize): Candidates {
  const boxes = named(outputs, /box/i, "ssd", "boxes");
  // Some exports have outputs of these names with a number for every class, or for boxes that were not chosen.
  const one = (pattern: RegExp, what: string) =>
    outputs.find(({ name, data }) => pattern.test(name) && data.length === boxes.data.length / 4) ??
    named(outputs, pattern, "ssd", what);
  const [scores, labels] = [one(/score/i, "scores"), one(/class|label/i, "classes")];
  const count = rowsOf(outputs, boxes, scores, labels);
  const scale = boxes.data.some((each) => each > NORMALISED) ? { width: 1, height: 1 } : size;
  const yFirst = /detection_boxes/i.test(boxes.name);
  const [x, y] = yFirst ? [1, 0] : [0, 1];
  const least = thresholds(output, classCount(labels.data));
  const found = new Candidates();
  for (let i = 0; i < count; i++) {
    const [id, score, at] = [Math.round(labels.data[i]!), scores.data[i]!, i * 4];
    if (!(score >= least[id]!)) continue;
    const across = (corner: number) => boxes.data[at + corner + x]! * scale.width;
    const down = (corner: number) => boxes.data[at + corner + y]! * scale.height;
    found.add(across(0), down(0), across(2), down(2), score, id);
  }
  return found;
}

function rowsOf(outputs: readonly Output[], boxes: Output, scores: Output, labels: Output): number {
  const rows = boxes.data.length / 4;
  if (boxes.dims.at(-1) !== 4 || scores.data.length !== rows || labels.data.length !== rows) {
    unexpected(outputs, "ssd", "boxes [1, N, 4], scores [1, N] and classes [1, N]");
  }
  const told = outputs.find(({ name, data }) => /num/i.test(name) && data.length === 1)?.data[0];
  return told === undefined ? rows : Math.min(rows, Math.max(0, Math.round(told)));
}

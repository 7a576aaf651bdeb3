import type { BoxOutput } from "../../node/index.ts";
import { Candidates } from "./candidates.ts";
import { type Output, thresholds, unexpected } from "./output.ts";

/** Called for each box that is sure enough, with its number and its first four values. */
type Take = (
  i: number,
  box: readonly [x: number, y: number, w: number, h: number],
  score: number,
  classId: number,
) => void;

/** YOLOv5 and v7: rows of middle and sides in pixels, the score of "an object", and those of the classes. */
export function yolov5(outputs: readonly Output[], output: BoxOutput): Candidates {
  const found = new Candidates();
  eachObject(outputs, output, "yolov5", (_, [x, y, w, h], score, id) => found.addCentred(x, y, w, h, score, id));
  return found;
}

/** The rows `[N, 5 + classes]` whose score (object x best class) is over the threshold. */
export function eachObject(outputs: readonly Output[], output: BoxOutput, family: string, take: Take): number {
  const [only] = outputs;
  if (only?.dims.length !== 2 || only.dims[1]! < 6) return unexpected(outputs, family, "[1, N, 5 + classes]");
  const [count, width] = only.dims as [number, number];
  const least = thresholds(output, width - 5);
  const lowest = Math.min(...least);
  const { data } = only;
  for (let i = 0, at = 0; i < count; i++, at += width) {
    const object = data[at + 4]!;
    // Scores of classes are at most 1, so nothing comes of this row.
    if (object < lowest) continue;
    const id = bestClass(data, at + 5, width - 5);
    const score = object * data[at + 5 + id]!;
    if (score >= least[id]!) take(i, [data[at]!, data[at + 1]!, data[at + 2]!, data[at + 3]!], score, id);
  }
  return count;
}

function bestClass(data: Output["data"], start: number, classes: number): number {
  let best = 0;
  for (let id = 1; id < classes; id++) if (data[start + id]! > data[start + best]!) best = id;
  return best;
}

import type { BoxOutput } from "../../node/index.ts";
import { Candidates } from "./candidates.ts";
import { type Output, thresholds, unexpected } from "./output.ts";

/**
 * YOLOv8, v9 and 11: `[4 + classes, N]`, or transposed; the shorter side is the one of the classes. Middle and sides in
 * pixels, then the classes' scores; the best class counts.
 */
export function yolov8(outputs: readonly Output[], output: BoxOutput): Candidates {
  const [only] = outputs;
  if (only?.dims.length !== 2 || Math.min(...only.dims) < 5) {
    return unexpected(outputs, "yolov8", "[1, 4 + classes, N] or [1, N, 4 + classes]");
  }
  const [rows, columns] = only.dims as [number, number];
  const [count, width] = rows < columns ? [columns, rows] : [rows, columns];
  // Distance between two values of one box, and between two boxes.
  const [value, box] = rows < columns ? [count, 1] : [1, width];
  const { best, ids } = bestClasses(only.data, count, width - 4, value, box);
  const least = thresholds(output, width - 4);
  const found = new Candidates();
  const { data } = only;
  for (let i = 0, at = 0; i < count; i++, at += box) {
    if (best[i]! < least[ids[i]!]!) continue;
    const [x, y, w, h] = [data[at]!, data[at + value]!, data[at + 2 * value]!, data[at + 3 * value]!];
    found.addCentred(x, y, w, h, best[i]!, ids[i]!);
  }
  return found;
}

/** Class after class, in the order of memory where classes are rows: half the time of box after box. */
function bestClasses(data: Output["data"], count: number, classes: number, value: number, box: number) {
  const best = new Float32Array(count).fill(Number.NEGATIVE_INFINITY);
  const ids = new Int32Array(count);
  for (let id = 0; id < classes; id++) {
    let at = (4 + id) * value;
    for (let i = 0; i < count; i++, at += box) {
      const score = data[at]!;
      if (score > best[i]!) {
        best[i] = score;
        ids[i] = id;
      }
    }
  }
  return { best, ids };
}

import type { BoxOutput } from "../../node/index.ts";
import { Candidates } from "./candidates.ts";
import { classCount, type ModelSize, named, type Output, thresholds, unexpected } from "./output.ts";

/**
 * CenterNet: `heatmap [classes, H, W]` of 0 … 1, `wh [2, H, W]` (width, height) and `offset [2, H, W]` (x, y), all in cells
 * of the heatmap. A cell is an object where no neighbour is hotter. Or, where the graph has chosen them already, a single
 * output `[N, 6]`: corners in pixels of the input, score, class.
 */
export function centernet(outputs: readonly Output[], output: BoxOutput, size: ModelSize): Candidates {
  const [only] = outputs;
  if (outputs.length === 1 && only?.dims.length === 2 && only.dims[1] === 6) return chosen(only, output);
  const heat = named(outputs, /heat|hm/i, "centernet", "the heatmap");
  const sides = named(outputs, /wh|size/i, "centernet", "widths and heights");
  const offset = named(outputs, /off|reg/i, "centernet", "offsets");
  const [classes, rows, columns] = heat.dims as [number, number, number];
  const cells = rows * columns;
  if (heat.dims.length !== 3 || sides.data.length !== 2 * cells || offset.data.length !== 2 * cells) {
    unexpected(outputs, "centernet", "heatmap [1, classes, H, W], wh [1, 2, H, W] and offset [1, 2, H, W]");
  }
  const [stepX, stepY] = [size.width / columns, size.height / rows];
  const least = thresholds(output, classes);
  const found = new Candidates();
  for (let id = 0; id < classes; id++) {
    for (let cell = 0; cell < cells; cell++) {
      const score = heat.data[id * cells + cell]!;
      if (score < least[id]! || !isPeak(heat.data, id * cells, cell, rows, columns)) continue;
      const x = ((cell % columns) + offset.data[cell]!) * stepX;
      const y = (Math.floor(cell / columns) + offset.data[cells + cell]!) * stepY;
      found.addCentred(x, y, sides.data[cell]! * stepX, sides.data[cells + cell]! * stepY, score, id);
    }
  }
  return found;
}

function chosen({ data, dims }: Output, output: BoxOutput): Candidates {
  const count = dims[0]!;
  const least = thresholds(output, classCount(data.filter((_, i) => i % 6 === 5)));
  const found = new Candidates();
  for (let at = 0; at < count * 6; at += 6) {
    const [score, id] = [data[at + 4]!, Math.round(data[at + 5]!)];
    if (score >= least[id]!) found.add(data[at]!, data[at + 1]!, data[at + 2]!, data[at + 3]!, score, id);
  }
  return found;
}

/** Of equal neighbours both are peaks, as with the max pooling the model was trained with; NMS takes one. */
function isPeak(data: Output["data"], start: number, cell: number, rows: number, columns: number): boolean {
  const [row, column] = [Math.floor(cell / columns), cell % columns];
  const score = data[start + cell]!;
  for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
    for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++) {
      if (data[start + y * columns + x]! > score) return false;
    }
  }
  return true;
}

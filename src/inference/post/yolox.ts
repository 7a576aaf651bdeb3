import type { BoxOutput } from "../../node/index.ts";
import { Candidates } from "./candidates.ts";
import { type ModelSize, type Output, unexpected } from "./output.ts";
import { eachObject } from "./yolov5.ts";

const STRIDES = [8, 16, 32] as const;

/** YOLOX: rows as YOLOv5, but the middle counts from a cell of one of three grids, in cells, and the sides are logarithms. */
export function yolox(outputs: readonly Output[], output: BoxOutput, size: ModelSize): Candidates {
  const cells = gridCells(size);
  const count = outputs[0]?.dims[0];
  if (count !== cells.length / 3) {
    unexpected(outputs, "yolox", `[1, ${cells.length / 3}, 5 + classes] for ${size.width}x${size.height}`);
  }
  const found = new Candidates();
  eachObject(outputs, output, "yolox", (i, [x, y, w, h], score, id) => {
    const [column, row, stride] = [cells[3 * i]!, cells[3 * i + 1]!, cells[3 * i + 2]!];
    const [width, height] = [Math.exp(w) * stride, Math.exp(h) * stride];
    found.addCentred((x + column) * stride, (y + row) * stride, width, height, score, id);
  });
  return found;
}

let kept: { key: string; cells: Int32Array } | undefined;

/** Column, row and stride of each output row: the grids of all strides one after another. One worker has one size. */
function gridCells({ width, height }: ModelSize): Int32Array {
  const key = `${width}x${height}`;
  if (kept?.key !== key) {
    const cells: number[] = [];
    for (const stride of STRIDES) {
      const [columns, rows] = [Math.floor(width / stride), Math.floor(height / stride)];
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++) cells.push(column, row, stride);
    }
    kept = { key, cells: Int32Array.from(cells) };
  }
  return kept.cells;
}

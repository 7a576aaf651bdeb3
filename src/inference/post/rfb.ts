import type { BoxOutput } from "../../node/index.ts";
import { Candidates } from "./candidates.ts";
import { type ModelSize, type Output, thresholds, unexpected } from "./output.ts";

/** RFB and Ultra-light faces: `scores [N, 1 + classes]`, the first of them "nothing", and `boxes [N, 4]`, corners of 0 … 1. */
export function rfb(outputs: readonly Output[], output: BoxOutput, { width, height }: ModelSize): Candidates {
  const boxes = outputs.find(({ name, dims }) => /box/i.test(name) && dims.length === 2 && dims[1] === 4);
  const scores = outputs.find((each) => each !== boxes && each.dims.length === 2 && each.dims[0] === boxes?.dims[0]);
  if (boxes === undefined || scores === undefined || scores.dims[1]! < 2) {
    return unexpected(outputs, "rfb", "scores [1, N, 1 + classes] and boxes [1, N, 4]");
  }
  const columns = scores.dims[1]!;
  const least = thresholds(output, columns - 1);
  const found = new Candidates();
  for (let i = 0; i < scores.dims[0]!; i++) {
    for (let id = 0; id < columns - 1; id++) {
      const score = scores.data[i * columns + id + 1]!;
      if (score < least[id]!) continue;
      const [x1, y1, x2, y2] = boxes.data.slice(i * 4, i * 4 + 4);
      found.add(x1! * width, y1! * height, x2! * width, y2! * height, score, id);
    }
  }
  return found;
}

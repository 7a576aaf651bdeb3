import { expect, test } from "bun:test";
import { everyNthFrame } from "../../../src/nodes/vision/every_nth_frame.ts";
import { packet, startNode } from "../../support/node.ts";

const frame = (payload: unknown) => packet({ kind: "frame", payload });

async function keptOf(config: Record<string, unknown>, numbers: readonly number[]) {
  const { process, on } = startNode(everyNthFrame, config);
  for (const frame_idx of numbers) await process(frame({ frame_idx }));
  return on("out").map(({ payload }) => (payload as { frame_idx: number }).frame_idx);
}

test("every_nth_frame keeps the frames at offset plus a multiple of n", async () => {
  expect(await keptOf({ every_n: 3, offset: 1 }, [-2, -1, 0, 1, 2, 3, 4])).toEqual([-2, 1, 4]);
});

test("every_nth_frame counts what it keeps and what it drops", async () => {
  const { process, node } = startNode(everyNthFrame, { every_n: 10 });
  for (let frame_idx = 0; frame_idx < 30; frame_idx++) await process(frame({ frame_idx }));
  expect(node.metrics!()).toEqual({ kept_total: 3, dropped_total: 27 });
});

test("every_nth_frame reads frame_index as well", async () => {
  const { process, on } = startNode(everyNthFrame, { every_n: 2 });
  for (const frame_index of [0, 1]) await process(frame({ frame_index }));
  expect(on("out")).toHaveLength(1);
});

test.each([[null], [[1]], ["x"], [{}], [{ frame_idx: 1.5 }], [{ frame_idx: "1" }]])(
  "every_nth_frame fails on the payload %j, which has no frame number",
  async (payload) => {
    await expect(startNode(everyNthFrame).process(frame(payload))).rejects.toThrow("cannot read the frame's number");
  },
);

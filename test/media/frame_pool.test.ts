import { expect, test } from "bun:test";
import { FramePool } from "../../src/media/frame_pool.ts";
import { type Frame, keepFrame, retainFrame } from "../../src/packet/index.ts";

const never = new AbortController().signal;

test("FramePool.take() gives slots of one size, at most as many as it has", () => {
  const pool = new FramePool(12, 2);
  const [first, second] = [pool.take()!, pool.take()!];
  expect(first.data).toHaveLength(12);
  expect(first.data.buffer).not.toBe(second.data.buffer);
  expect(pool.take()).toBeUndefined();
  expect(pool.held).toBe(2);
});

test("a slot is used again once its last holder is gone, and not before", () => {
  const pool = new FramePool(12, 1);
  const slot = pool.take()!;
  slot.retain();
  slot.release();
  expect(pool.take()).toBeUndefined();
  slot.release();
  expect(pool.take()!.data).toBe(slot.data);
});

test("a slot that was given back refuses another release, and to be retained", () => {
  const slot = new FramePool(12, 1).take()!;
  slot.release();
  expect(() => slot.release()).toThrow("given back already");
  expect(() => slot.retain()).toThrow("was given back");
});

test("retainFrame() holds the slot under a frame, and lets go of it once", () => {
  const pool = new FramePool(12, 1);
  const slot = pool.take()!;
  const letGo = retainFrame({ data: slot.data });
  slot.release();
  expect(pool.held).toBe(1);
  letGo();
  letGo();
  expect(pool.held).toBe(0);
});

test("those who wait for a slot get one in the order in which they came", async () => {
  const pool = new FramePool(12, 1);
  const slot = pool.take()!;
  const order: string[] = [];
  const waits = ["a", "b"].map(async (name) => {
    const got = (await pool.wait(never))!;
    order.push(name);
    return got;
  });
  slot.release();
  (await waits[0])!.release();
  await waits[1];
  expect(order).toEqual(["a", "b"]);
  expect(pool.held).toBe(1);
});

test("who stops waiting gets nothing, and takes nobody's turn", async () => {
  const pool = new FramePool(12, 1);
  const slot = pool.take()!;
  const abort = new AbortController();
  const gone = pool.wait(abort.signal);
  const next = pool.wait(never);
  abort.abort();
  slot.release();
  expect(await gone).toBeUndefined();
  expect((await next)!.data).toBe(slot.data);
  expect(await pool.wait(abort.signal)).toBeUndefined();
});

test("keepFrame() keeps half of a pool as it is, and copies the rest", () => {
  const pool = new FramePool(4, 4);
  const frameOf = (data: Uint8Array): Frame => ({
    ...{ width: 2, height: 2, format: "gray", stride: 2, frame_idx: 0, data },
  });
  const kept = [1, 2, 3, 4].map((shade) => {
    const slot = pool.take()!;
    slot.data.fill(shade);
    const one = keepFrame(frameOf(slot.data));
    // As its source does when the packet is done.
    slot.release();
    return one;
  });
  expect(pool.held).toBe(2);
  // What comes next does not draw over what is kept.
  pool.take()!.data.fill(9);
  expect(kept.map(({ frame }) => frame.data[0])).toEqual([1, 2, 3, 4]);
  for (const { release } of kept) release();
  expect(pool.held).toBe(1);
  const again = pool.take()!;
  expect(keepFrame(frameOf(again.data)).frame.data).toBe(again.data);
});

test("keepFrame() keeps a slot that is kept already once more, as it takes no further place", () => {
  const pool = new FramePool(4, 2);
  const { data } = pool.take()!;
  const frame: Frame = { width: 2, height: 2, format: "gray", stride: 2, frame_idx: 0, data };
  expect([keepFrame(frame), keepFrame(frame)].map((kept) => kept.frame.data)).toEqual([data, data]);
});

import { expect, test } from "bun:test";
import { FramePools } from "../../src/media/frame_pools.ts";

test("frames of two sizes that come by turns are made in the same memory again", () => {
  const pools = new FramePools(2);
  const made = new Set<ArrayBufferLike>();
  for (let round = 0; round < 10; round++) {
    for (const bytes of [4, 9]) {
      const slot = pools.of(bytes).take()!;
      made.add(slot.data.buffer);
      slot.release();
    }
  }
  expect([...made].map(({ byteLength }) => byteLength)).toEqual([4, 9]);
});

test("a size that was not asked for for long makes room, and what is held of it can still be given back", () => {
  const pools = new FramePools(2);
  const first = pools.of(1);
  const slot = first.take()!;
  for (const bytes of [2, 3, 4]) pools.of(bytes);
  expect(pools.of(1)).toBe(first);
  for (const bytes of [5, 6, 7, 8]) pools.of(bytes);
  expect(pools.of(1)).not.toBe(first);
  slot.release();
  expect(first.held).toBe(0);
});

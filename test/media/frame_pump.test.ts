import { expect, test } from "bun:test";
import type { DecodeSpec } from "../../src/media/decode_spec.ts";
import { FramePool } from "../../src/media/frame_pool.ts";
import { FramePump } from "../../src/media/frame_pump.ts";
import type { NutReader } from "../../src/media/nut_reader.ts";

const HEAD = { timeBase: [1, 25], msbPtsShift: 7, width: 2, height: 2, fps: 25 } as const;

/** A pump of a live stream out of which pictures come one by one, each when the test says so. */
function setup({ frames = 4 } = {}) {
  const pool = new FramePool(4, frames);
  const gate = { head: Promise.withResolvers<boolean>(), body: Promise.withResolvers<boolean>() };
  let pts = 0;
  const reader = {
    async frame() {
      const more = await gate.head.promise;
      gate.head = Promise.withResolvers();
      return more ? { size: 4, pts: pts++ } : undefined;
    },
    async into() {
      const whole = await gate.body.promise;
      gate.body = Promise.withResolvers();
      return whole;
    },
  } as unknown as NutReader;
  const spec = { live: true, format: "gray", frames } as unknown as DecodeSpec;
  const pump = new FramePump(reader, HEAD, spec, pool);
  const stop = new AbortController();
  const ended = pump.run(stop.signal);
  const begin = async () => {
    gate.head.resolve(true);
    await settled();
  };
  const finish = async () => {
    gate.body.resolve(true);
    await settled();
  };
  /** As a pipe whose writer was killed. */
  const end = () => gate.head.resolve(false);
  const tear = () => gate.body.reject(new Error("the pipe broke"));
  return { pool, pump, stop, ended, begin, finish, end, tear };
}

const settled = async () => {
  for (let turns = 0; turns < 20; turns++) await Promise.resolve();
};

test("a picture that is taken back while somebody is told of it is followed by the newer one", async () => {
  const { pump, begin, finish } = setup({ frames: 1 });
  await begin();
  await finish();
  const asked = pump.ready.next();
  // Before who asked has it: the only slot is drawn over.
  const taken = pump.ready.newest();
  expect(taken?.index).toBe(0);
  pump.ready.put({ ...taken!, index: 1 });
  expect((await asked)?.index).toBe(1);
});

test("a picture that was being read when the stream is closed gives its slot back", async () => {
  const { pool, pump, stop, ended, begin, finish, end } = setup();
  await begin();
  stop.abort();
  pump.ready.clear();
  await finish();
  end();
  await ended;
  expect(pool.held).toBe(0);
});

test("a picture in the middle of which the pipe breaks gives its slot back", async () => {
  const { pool, ended, begin, tear } = setup();
  await begin();
  tear();
  expect(await ended.catch((error: Error) => error.message)).toBe("the pipe broke");
  expect(pool.held).toBe(0);
});

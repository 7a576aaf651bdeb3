import { expect, test } from "bun:test";
import * as v from "valibot";
import type { Child, SourceInstance } from "../../src/node/index.ts";
import { rtspSource } from "../../src/nodes/video/rtsp_source.ts";
import { testContext } from "../support/node.ts";

/** What ffmpeg hands over of two pictures, 10 by 6 pixels; made once, by the real one. */
const PICTURES = Bun.spawnSync(
  "ffmpeg -v error -f lavfi -i testsrc2=s=10x6:r=5:d=0.4 -c:v rawvideo -pix_fmt bgr24 -f nut -".split(" "),
).stdout;

/** An ffmpeg that gives two pictures and goes on for ever, or says that nobody is there and ends. */
function child(reachable: boolean, killed: () => void): Child {
  const { promise: exited, resolve } = Promise.withResolvers<{ code: number | null; signal: string | null }>();
  let close = () => {};
  const stdout = new ReadableStream<Uint8Array>({
    start(stream) {
      if (reachable) stream.enqueue(new Uint8Array(PICTURES));
      else stream.close();
      close = () => (reachable ? stream.close() : undefined);
    },
  });
  const kill = () => {
    killed();
    resolve({ code: null, signal: "SIGKILL" });
  };
  if (!reachable) resolve({ code: 1, signal: null });
  const stderrTail = () => (reachable ? "" : "[error] rtsp://cam/1: Connection refused");
  const nothing = async () => {};
  return { pid: 1, stdout, stderrTail, write: nothing, end: close, exited, kill, stop: nothing };
}

test("rtsp_source: an hour offline starts ffmpeg at most once a minute, and pictures come within 15 s of the end", async () => {
  const context = testContext();
  const { clock } = context;
  let reachable = true;
  let living = 0;
  const starts: number[] = [];
  const questions: string[] = [];
  const scripted = {
    ...context,
    ffmpeg: async () => ({
      ...{ file: "/usr/bin/ffmpeg", from: "test", can: () => true },
      version: { major: 5, minor: 1, text: "ffmpeg version 5.1" },
    }),
    spawn: () => {
      starts.push(clock.monotonicMs());
      living += reachable ? 1 : 0;
      let alive = reachable;
      return child(reachable, () => {
        living -= alive ? 1 : 0;
        alive = false;
      });
    },
    exchange: async ({ send }: { send: string }) => {
      questions.push(send);
      if (!reachable) throw new Error("nobody");
      return "RTSP/1.0 200 OK";
    },
  };
  const config = { url: "rtsp://admin:hunter22@cam/1", frozen_sec: 0 };
  const source = rtspSource.create(v.parse(rtspSource.config, config), scripted) as SourceInstance;
  const abort = new AbortController();
  const got: { atMs: number; epoch: unknown }[] = [];
  const running = (async () => {
    for await (const item of source.run(abort.signal)) {
      const packet = [item].flat()[0]!;
      got.push({ atMs: clock.monotonicMs(), epoch: packet.meta.epoch });
      source.ack?.(packet);
    }
  })();
  const pass = async (ms: number, stepMs: number) => {
    for (let left = ms; left > 0; left -= stepMs) {
      clock.advance(stepMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await pass(500, 50);
  expect(got.length).toBe(2);
  // The scripted stream goes silent after two pictures, so the watchdog ends it; by then nobody is there any more.
  reachable = false;
  await pass(11_000, 100);
  expect(living).toBe(0);
  const lostMs = clock.monotonicMs();
  await pass(3_600_000, 500);
  const failed = starts.slice(1).filter((at) => at > lostMs - 2_000);
  expect(failed.length).toBeGreaterThan(20);
  expect(failed.length).toBeLessThanOrEqual(60);
  expect(context.logged.length).toBeLessThanOrEqual(10);
  reachable = true;
  const backMs = clock.monotonicMs();
  const before = got.length;
  await pass(15_000, 100);
  expect(got[before]!.atMs - backMs).toBeLessThan(15_000);
  expect(got[before]!.epoch).toBe(2);
  expect(new Set(questions)).toEqual(
    new Set(["OPTIONS rtsp://cam/1 RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: schnitzel\r\n\r\n"]),
  );
  abort.abort();
  await pass(3_000, 100);
  await running;
  expect([living, clock.pending]).toEqual([0, 0]);
  expect(JSON.stringify(context.logged)).not.toContain("hunter22");
}, 60_000);

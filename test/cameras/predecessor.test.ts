import { describe, expect, test } from "bun:test";
import { project } from "../parity/project.ts";
import { makeClip } from "../support/rtsp/clip.ts";
import { rtspServer } from "../support/rtsp_server.ts";
import { standInFfmpeg } from "../support/stand_in_camera.ts";

/** Numbers of the frames that its sampler kept; a camera's pictures of before the first look are given up, with their numbers. */
const kept = (printed: readonly string[]) => printed.map((line) => JSON.parse(line).meta.frame_idx as number);

describe("the predecessor's sample graph", () => {
  test("dev_rtsp_frames gives its counts with a real RTSP server", async () => {
    using old = project();
    const server = await rtspServer({ clip: makeClip(old.folder, "yard") });
    const ran = await old.run(old.sample("dev_rtsp_frames"), { SS_INPUT_URL: server.url });
    await server.close();
    expect(ran).toMatchObject({ code: 0, report: { status: "ok" } });
    expect(ran.metrics).toMatchObject({ "packets.source_emitted_total": 30, "packets.dropped_total": 0 });
    expect(kept(ran.printed).filter((idx) => idx % 10 !== 0)).toEqual([]);
    expect(ran.printed.length).toBeOneOf([3, 4]);
    expect(JSON.parse(ran.printed[0]!).meta.idempotency_key).toMatch(/^frame:src:1:\d+$/);
  }, 60_000);

  for (const name of ["dev_webcam_frames", "showcase_webcam"]) {
    test(`${name} gives its counts, with a stand-in for the webcam`, async () => {
      using old = project();
      const ran = await old.run(old.sample(name), { SCHNITZEL_FFMPEG: standInFfmpeg(old.folder) });
      expect(ran).toMatchObject({ code: 0, counts: "33/33/30", report: { status: "ok" } });
      expect(JSON.parse(ran.printed[1]!).meta).toMatchObject({ frame_idx: 10, epoch: 1, camera_index: 0 });
    }, 60_000);
  }

  test("dev_rtsp_frames without a camera tries as often as it is told, and then says why", async () => {
    using old = project();
    const graph = old.sample("dev_rtsp_frames");
    old.write(
      graph,
      old
        .read(graph)
        .replace("reconnect: true", "reconnect_max_attempts: 3, reconnect_backoff_sec: 0.1")
        .replace(
          /config:\n +url: (.*)\n +max_frames: .*\n +(.*)/,
          "config: { url: rtsp://127.0.0.1:1/stream1, $2, __runtime__: { restart: { max_restarts: 0 } } }",
        ),
    );
    const ran = await old.run(graph);
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining("gave no picture in 3 tries")]);
    expect(ran.stderr).toContain("Connection refused");
  }, 60_000);
});

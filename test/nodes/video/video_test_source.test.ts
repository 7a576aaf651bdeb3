import { expect, test } from "bun:test";
import * as v from "valibot";
import type { SourceInstance } from "../../../src/node/index.ts";
import { SCENE_FORMATS, type SceneBox, sceneAt } from "../../../src/nodes/video/test_scene.ts";
import { videoTestSource } from "../../../src/nodes/video/video_test_source.ts";
import { type Frame, frameBytes, type StreamPacket } from "../../../src/packet/index.ts";
import { testContext } from "../../support/node.ts";

type Scene = Frame & { truth: SceneBox[] };

async function frames(config: Record<string, unknown>): Promise<Scene[]> {
  const source = videoTestSource.create(v.parse(videoTestSource.config, config), testContext()) as SourceInstance;
  const seen: Scene[] = [];
  for await (const packet of source.run(new AbortController().signal) as AsyncIterable<StreamPacket<Scene>>) {
    seen.push({ ...packet.payload, data: packet.payload.data.slice() });
    source.ack!(packet);
  }
  expect(source.metrics!()).toEqual({ frames_total: seen.length, frames_held: 0 });
  return seen;
}

test.each([...SCENE_FORMATS])("video_test_source draws its boxes where it says, as %s", async (format) => {
  const size = { width: 32, height: 24, boxes: 1 };
  for (const { data, truth } of await frames({ ...size, format, max_frames: 70, frames: 2 })) {
    expect(data).toHaveLength(frameBytes(format, 32, 24));
    const { x1, y1, x2, y2 } = truth[0]!.bbox;
    const [channels, plane] = format === "gray" ? [1, 0] : format === "gbrp" ? [1, 2 * 32 * 24] : [3, 0];
    const red = format === "bgr24" ? 2 : 0;
    for (let y = 0; y < 24; y++) {
      for (let x = 0; x < 32; x++) {
        const inside = x >= x1 && x < x2 && y >= y1 && y < y2;
        const value = data[plane + (y * 32 + x) * channels + red];
        if ((value !== 64) !== inside) throw new Error(`${x},${y} is ${value}, box ${JSON.stringify(truth[0])}`);
      }
    }
  }
});

test("video_test_source moves its boxes by whole pixels within the picture, and turns them at its edges", () => {
  const scene = { width: 100, height: 60, boxes: 6, format: "gray" } as const;
  for (let at = 0; at < 500; at++) {
    for (const [id, { bbox }] of sceneAt(at, scene).entries()) {
      const before = sceneAt(at + 1, scene)[id]!.bbox;
      expect(bbox.x1 >= 0 && bbox.y1 >= 0 && bbox.x2 <= 100 && bbox.y2 <= 60).toBe(true);
      expect(Math.abs(before.x1 - bbox.x1)).toBeLessThanOrEqual(3);
      expect(Math.abs(before.y1 - bbox.y1)).toBeLessThanOrEqual(1);
    }
  }
});

test("video_test_source gives the same pictures every time", async () => {
  const config = { width: 40, height: 30, boxes: 5, max_frames: 20 };
  expect(await frames(config)).toEqual(await frames(config));
});

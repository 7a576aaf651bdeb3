import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { pictureSink } from "../../../src/nodes/vision/picture_sink.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { packet, startNode, testContext } from "../../support/node.ts";

const frame = (ts: string, source_id = "yard") => {
  const data = new Uint8Array(64 * 48).fill(90);
  return packet({
    ...{ kind: "frame", ts, source_id },
    payload: { width: 64, height: 48, format: "gray", stride: 64, data, frame_idx: 0 },
  });
};

function setup(base: string, config: Record<string, unknown> = {}, context = testContext({ base })) {
  return startNode(pictureSink, { min_free: 0, ...config }, context);
}

test("picture_sink writes a JPEG per frame, by source and day", async () => {
  using folder = temporaryFolder();
  const { process, node } = setup(folder.path);
  await process(frame("2026-01-01T06:00:00.5Z"));
  await process(frame("2026-01-02T06:00:00Z", "a/../b"));
  const files = fs
    .readdirSync(folder.path, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".jpg"));
  expect(files.sort()).toEqual([
    "pictures/a_.._b/2026-01-02/2026-01-02T06_00_00Z.jpg",
    "pictures/yard/2026-01-01/2026-01-01T06_00_00_5Z.jpg",
  ]);
  const { width, height } = await new Bun.Image(path.join(folder.path, files[0]!)).metadata();
  expect([width, height]).toEqual([64, 48]);
  expect(node.metrics!()).toMatchObject({ written_total: 2, kept_files: 2 });
});

test("picture_sink fails on a frame that finds no room, so that it is a dead letter and not lost silently", async () => {
  using folder = temporaryFolder();
  const context = testContext({ base: folder.path });
  const full = { ...context, files: { ...context.files, freeBytes: () => 10 } };
  const { process } = setup(folder.path, { min_free: "1MB" }, full);
  await expect(process(frame("2026-01-01T06:00:00Z"))).rejects.toThrow("the disk has 10 bytes left and min_free is");
});

test("picture_sink keeps so many bytes, the newest ones", async () => {
  using folder = temporaryFolder();
  const { process, node } = setup(folder.path, { max_bytes: 2_000 });
  for (let second = 10; second < 30; second++) await process(frame(`2026-01-01T06:00:${second}Z`));
  const left = fs.readdirSync(path.join(folder.path, "pictures/yard/2026-01-01")).sort();
  expect(left.at(-1)).toBe("2026-01-01T06_00_29Z.jpg");
  expect(left).toHaveLength(node.metrics!().kept_files!);
  expect(node.metrics!().kept_bytes!).toBeLessThanOrEqual(2_000);
});

test("picture_sink writes an empty picture for nobody: a broken frame is refused", async () => {
  using folder = temporaryFolder();
  const { process } = setup(folder.path);
  await expect(process(packet({ kind: "frame", payload: { width: 2 } }))).rejects.toThrow("frame.height must be");
});

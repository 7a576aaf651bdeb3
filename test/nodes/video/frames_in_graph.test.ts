import { afterAll, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { ROOT } from "../../support/binary.ts";
import { makeClip } from "../../support/video_clips.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "frames-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
const clip = makeClip(folder, "clip.mp4", { frames: 25 });

/** Runs nodes behind a source that has two places for its 25 frames: one that is not given back stops it for ever. */
function run(nodes: readonly string[], edges: readonly string[]) {
  const graph = `version: 2
nodes:
  - { id: cam, plugin: video_file, config: { path: ${clip}, frames: 2 } }
${nodes.map((node) => `  - { ${node} }`).join("\n")}
edges:
${edges.map((edge) => `  - { ${edge} }`).join("\n")}
`;
  const main = [process.execPath, path.join(ROOT, "src/main.ts"), "run", "-", "--report-json", "--log-level", "off"];
  const { stdout } = Bun.spawnSync(main, { stdin: Buffer.from(graph), timeout: 4_000 });
  const report = JSON.parse(stdout.toString().trim().split("\n").at(-1) || "{}");
  return {
    status: report.status,
    letters: report.dead_letters?.total,
    metrics: report.metrics as Record<string, number>,
  };
}

test.each([
  ["done", ["id: out, plugin: null_sink"], ["from: cam, to: out"], "ok", 0],
  [
    "left out",
    ["id: n, plugin: sample, config: { target_fps: 1 }", "id: out, plugin: null_sink"],
    ["from: cam, to: n", "from: n, to: out"],
    "ok",
    0,
  ],
  [
    "sent two ways",
    ["id: a, plugin: identity", "id: out, plugin: null_sink"],
    ["from: cam, to: a", "from: a, to: out", "from: cam, to: out"],
    "ok",
    0,
  ],
  [
    "set aside because a node failed",
    ["id: a, plugin: filter, config: { when: payload.nothing.there > 1 }", "id: out, plugin: null_sink"],
    ["from: cam, to: a", "from: a, to: out"],
    "degraded",
    25,
  ],
  [
    "resized",
    ["id: a, plugin: resize, config: { width: 9 }", "id: b, plugin: null_sink", "id: out, plugin: null_sink"],
    ["from: cam, to: a", "from: a, to: out", "from: cam, to: b"],
    "ok",
    0,
  ],
  [
    "kept by a node that wants more frames than there are places",
    [
      `id: a, plugin: snapshot_sink, config: { dir: ${folder}/shots, frames: 8 }`,
      "id: e, plugin: static_source, config: { packets: [] }",
      "id: out, plugin: null_sink",
    ],
    ["from: cam, to: a.frames", "from: e, to: a.events", "from: cam, to: out"],
    "ok",
    0,
  ],
] as const)("a frame's place is free again when its packet is %s", (_what, nodes, edges, status, letters) => {
  const ran = run(nodes, edges);
  expect(ran).toMatchObject({ status, letters });
  expect(ran.metrics).toMatchObject({ "node.cam.produced": 25, "node.cam.frames_held": 0 });
});

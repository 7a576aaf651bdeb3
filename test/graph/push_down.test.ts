import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { ROOT } from "../support/binary.ts";
import { cli } from "../support/cli.ts";
import { makeClip } from "../support/video_clips.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "push-down-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
const clip = makeClip(folder, "clip.mp4", { frames: 25 });

interface Shape {
  cam?: string;
  nodes: readonly string[];
  edges?: readonly string[];
}

/** A chain cam → a → b → … → out, and more edges. */
function graph({ cam = "", nodes, edges = [] }: Shape) {
  const ids = ["cam", ...nodes.map((_, at) => "abc"[at]!), "out"];
  return `version: 2
nodes:
  - { id: cam, plugin: video_file, config: { path: ${clip}, start_ts: "2026-01-01T00:00:00Z", ${cam} } }
${nodes.map((node, at) => `  - { id: ${ids[at + 1]}, ${node} }`).join("\n")}
  - { id: out, plugin: print_sink }
${edges.length > 0 ? "  - { id: trash, plugin: null_sink }" : ""}
edges:
${ids
  .slice(1)
  .map((id, at) => `  - { from: ${ids[at]}, to: ${id} }`)
  .join("\n")}
${edges.map((edge) => `  - ${edge}`).join("\n")}
`;
}

const EVERY = "plugin: every_nth_frame, config: { every_n: 7, offset: 10 }";
const SAMPLE = "plugin: sample, config: { every: 4 }";
const RESIZE = "plugin: resize, config: { width: 20, height: 20, fit: letterbox }";
const TO_TRASH = "{ from: cam, to: trash }";

async function absorbed(shape: Shape): Promise<string[]> {
  const { stdout, stderr } = await cli(["graph", "-", "--json"], { stdin: graph(shape) });
  if (stdout === "") throw new Error(stderr);
  const { nodes } = JSON.parse(stdout) as { nodes: { id: string; absorbed_into?: string }[] };
  return nodes.filter(({ absorbed_into }) => absorbed_into === "cam").map(({ id }) => id);
}

async function ran(shape: Shape) {
  // A process of its own: print_sink writes to the real stdout.
  const main = [process.execPath, path.join(ROOT, "src/main.ts"), "run", "-", "--report-json"];
  const { stdout: printed } = Bun.spawnSync(main, { stdin: Buffer.from(graph(shape)) });
  const stdout = printed.toString();
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const report = lines.pop();
  const packets = lines.map(({ packet_id: _, ...packet }) => packet);
  return { packets, status: report.status, metrics: report.metrics as Record<string, number> };
}

describe("a source does the work of the nodes behind it:", () => {
  test.each([
    ["resize", [RESIZE], ["a"]],
    ["every_nth_frame", [EVERY], ["a"]],
    ["sample that counts", [SAMPLE], ["a"]],
    ["one after the other", [EVERY, RESIZE], ["a", "b"]],
    ["in any order", [RESIZE, SAMPLE], ["a", "b"]],
  ])("%s", async (_what, nodes, expected) => {
    expect(await absorbed({ nodes })).toEqual(expected);
  });

  test.each([
    ["resize", [RESIZE]],
    ["every_nth_frame", [EVERY]],
    ["sample", [SAMPLE]],
    ["resize, then every_nth_frame", [RESIZE, EVERY]],
    ["sample, then resize", [SAMPLE, RESIZE]],
  ])("%s, with the same packets as without", async (_what, nodes) => {
    const [pushed, plain] = [await ran({ nodes }), await ran({ nodes, edges: [TO_TRASH] })];
    expect(await absorbed({ nodes, edges: [TO_TRASH] })).toEqual([]);
    expect(pushed.packets).toEqual(plain.packets);
    expect(pushed.packets.length).toBeGreaterThan(2);
    expect([pushed.status, plain.status]).toEqual(["ok", "ok"]);
  });

  test.each([
    'plugin: rtsp_source, config: { url: "rtsp://127.0.0.1:1/yard" }',
    'plugin: http_video_source, config: { url: "http://127.0.0.1:1/yard.mjpg" }',
    "plugin: webcam_source",
  ])("resize, by a camera too: %s", async (camera) => {
    const stdin = graph({ nodes: [RESIZE] }).replace(/plugin: video_file.*/, `${camera} }`);
    const { nodes } = JSON.parse((await cli(["graph", "-", "--json"], { stdin })).stdout);
    expect(nodes[1]).toMatchObject({ id: "a", absorbed_into: "cam" });
  });

  test("the report counts what was sent, and the source what it left out", async () => {
    const { metrics } = await ran({ nodes: [EVERY] });
    expect(metrics).toMatchObject({
      "packets.source_emitted_total": 4,
      "node.cam.produced": 4,
      // 3, 10, 17 and 24 of 25.
      "node.cam.skipped_total": 21,
      "node.a.consumed": 4,
      "node.a.kept_total": 4,
      "node.a.dropped_total": 0,
    });
  });

  test("graph says it in words and in a picture's labels", async () => {
    const text = (...flags: string[]) => cli(["graph", "-", ...flags], { stdin: graph({ nodes: [RESIZE] }) });
    expect((await text()).stdout).toContain("a    resize (transform), absorbed into cam\n");
    expect((await text("--format", "mermaid")).stdout).toContain("absorbed into cam");
    expect((await text("--format", "svg")).stdout).toContain("resize in cam");
  });
});

describe("a source leaves to the nodes behind it", () => {
  test.each([
    ["what others get from it as well", { nodes: [RESIZE], edges: [TO_TRASH] }],
    ["frames whose rest somebody wants", { nodes: [EVERY], edges: ["{ from: a.skipped, to: trash }"] }],
    ["a choice by time", { nodes: ["plugin: sample, config: { target_fps: 2 }"] }],
    ["a choice among the first frames", { cam: "max_frames: 9", nodes: [EVERY] }],
    ["a choice in a loop", { cam: "loop: true", nodes: [SAMPLE] }],
    ["a choice after its own", { cam: "every_n: 2", nodes: [SAMPLE] }],
    ["a size after its own", { cam: "width: 30", nodes: [RESIZE] }],
    ["nodes behind one that it does not do", { nodes: ["plugin: identity", RESIZE] }],
  ] as const)("%s", async (_what, shape) => {
    expect(await absorbed(shape)).toEqual([]);
  });

  test("a second size, and does the first", async () => {
    expect(await absorbed({ nodes: [RESIZE, "plugin: resize, config: { width: 5 }"] })).toEqual(["a"]);
  });
});

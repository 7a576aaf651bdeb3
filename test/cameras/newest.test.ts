import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";
import { writePlugin } from "../support/plugins.ts";
import { makeClip } from "../support/rtsp/clip.ts";
import { rtspServer } from "../support/rtsp_server.ts";

/** A node that takes 300 ms for a picture of a camera that has 25 a second, and tells how old each was. */
const SLOW = `import { defineNode, port, v } from "schnitzel";
export const Slow = defineNode({
  name: "slow",
  kind: "transform",
  doc: "Takes its time.",
  config: v.strictObject({}),
  inputs: { in: port("frame", "Frames.", "inproc_any") },
  outputs: { out: port("age", "How old each was.", "json_portable") },
  examples: [],
  create: (_, { clock, packet }) => ({
    async process(frame, emit) {
      const payload = { idx: frame.payload.frame_idx, age_ms: clock.nowMs() - Date.parse(frame.ts) };
      await new Promise((resolve) => clock.setTimer(resolve, 300));
      emit.out(packet({ kind: "age", payload }));
    },
  }),
});
`;

/** Ages of the pictures that a slow node gets in 6 s behind this inbox, and the report. */
async function agesBehind(inbox: string) {
  using folder = temporaryFolder();
  writePlugin(folder.path, "plugins/slow.ts", SLOW);
  const server = await rtspServer({ clip: makeClip(folder.path, "yard") });
  const graph = `version: 2
nodes:
  - { id: cam, plugin: rtsp_source, config: { url: "${server.url}", frames: 64 } }
  - { id: slow, plugin: "slow:Slow", runtime: { inbox: ${inbox} } }
  - { id: out, plugin: print_sink, config: { format: payload } }
edges: [{ from: cam, to: slow }, { from: slow, to: out }]
`;
  fs.writeFileSync(path.join(folder.path, "newest.yaml"), graph);
  const ran = await run(["run", "newest.yaml", "--max-seconds", "8", "--drain-seconds", "0", "--report-json"], {
    cwd: folder.path,
    env: { ALLOW_ALL_PLUGINS: "true" },
    timeoutMs: 60_000,
  });
  await server.close();
  const lines = ran.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const report = lines.pop();
  return { ages: lines.map(({ age_ms }) => age_ms as number), ids: lines.map(({ idx }) => idx as number), report, ran };
}

test("a slow node behind an inbox of one that drops the oldest gets the newest picture of a camera", async () => {
  const { ages, ids, report, ran } = await agesBehind("{ capacity: 1, overflow: drop_oldest }");
  expect(ages.length, ran.stderr).toBeGreaterThan(8);
  // Waiting for the one under way, 300 ms, and a picture's own 40 ms.
  expect(ages.slice(2).sort((a, b) => a - b)[Math.floor((ages.length - 2) / 2)]!).toBeLessThan(400);
  expect(ids.at(-1)! - ids[0]!).toBeGreaterThan(ages.length * 4);
  expect(report.metrics["packets.dropped_total"]).toBeGreaterThan(50);
}, 90_000);

test("… and old ones behind an inbox that lets the camera wait, so the test above can fail", async () => {
  const { ages } = await agesBehind("{ capacity: 32, overflow: block }");
  expect(ages.at(-1)!).toBeGreaterThan(1_500);
}, 90_000);

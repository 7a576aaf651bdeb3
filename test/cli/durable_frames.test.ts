import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { start } from "../support/running.ts";

const FRAMES = 40;

/** Says what it got of each frame, every byte of it; with the file `stuck` beside the graph it gets no further than one. */
const PLUGIN = `import { defineNode, port, v } from "schnitzel";
export const Sum = defineNode({
  name: "sum",
  kind: "compute",
  doc: "What a frame is.",
  config: v.strictObject({ stuck: v.optional(v.boolean(), false) }),
  inputs: { in: port("frame", "Frames.") },
  outputs: { out: port("sum", "What they are.", "json_portable") },
  examples: [],
  create: ({ stuck }, context) => ({
    async process(packet, emit) {
      if (stuck) await new Promise(() => {});
      const { data, ...rest } = packet.payload;
      const sha256 = new Bun.CryptoHasher("sha256").update(data).digest("hex");
      const kind = Object.prototype.toString.call(data);
      const { ts, source_id, meta } = packet;
      emit.out(context.packet({ kind: "sum", ts, source_id, meta, payload: { ...rest, kind, bytes: data.length, sha256, meta } }));
    },
  }),
});
export const Shots = defineNode({
  name: "shots",
  kind: "source",
  doc: "Two JPEGs, as far as anybody looks.",
  config: v.strictObject({}),
  outputs: { out: port("frame", "Frames.", "inproc_any") },
  examples: [],
  create: (config, context) => ({
    *run() {
      for (const frame_idx of [0, 1]) {
        const data = Uint8Array.from([255, 216, frame_idx, 255, 217]);
        const payload = { width: 64, height: 48, format: "jpeg", stride: 0, data, frame_idx };
        yield context.packet({ kind: "frame", ts: "2026-01-01T06:00:00Z", payload, meta: { idempotency_key: "f" + frame_idx } });
      }
    },
  }),
});
`;

/** A source with two places for its frames: it would stop for ever if the edge kept one. */
const graph = (source: string, edge: string, stuck = false) => `version: 2
name: yard
nodes:
  - { id: cam, ${source} }
  - { id: sum, plugin: "sum:Sum", config: { stuck: ${stuck} } }
  - { id: out, plugin: jsonl_sink, config: { path: out.jsonl, body: payload, flush_ms: 0 } }
edges:
  - { from: cam, to: sum${edge} }
  - { from: sum, to: out }
`;

const drawn = (format: string) =>
  `plugin: video_test_source, config: { max_frames: ${FRAMES}, frames: 2, width: 161, height: 91, format: ${format}, start_ts: "2026-01-01T06:00:00Z" }`;

const EDGE = ", durable: true, payload_ref: auto";
const ENV = { ALLOW_ALL_PLUGINS: undefined };

async function setup(text: string) {
  const folder = folderWith({ "g.yaml": text, "plugins/sum.ts": PLUGIN });
  fs.chmodSync(folder.at("plugins/sum.ts"), 0o644);
  const locked = await run(["plugin", "lock"], { cwd: folder.folder, env: ENV });
  if (locked.code !== 0) throw new Error(locked.stderr);
  return folder;
}

const FLAGS = ["run", "g.yaml", "--state-dir", "state", "--report-json"];

async function runOnce(folder: ReturnType<typeof folderWith>) {
  const { code, stdout, stderr } = await run(FLAGS, { cwd: folder.folder, env: ENV });
  if (code !== 0) throw new Error(stderr);
  const report = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
  const lines = fs.readFileSync(folder.at("out.jsonl"), "utf8").trimEnd().split("\n");
  return { report, sums: lines.map((line) => JSON.parse(line)) };
}

/** What comes out when the frames stay in memory. */
async function direct(source: string) {
  using folder = await setup(graph(source, ""));
  return (await runOnce(folder)).sums;
}

describe("a frame over a durable edge with payload_ref", () => {
  for (const format of ["bgr24", "gray"]) {
    test(`is the same ${format} frame at the far end, to the last byte`, async () => {
      using folder = await setup(graph(drawn(format), EDGE));
      const { report, sums } = await runOnce(folder);
      expect(report.status).toBe("ok");
      expect(sums).toHaveLength(FRAMES);
      expect(sums).toEqual(await direct(drawn(format)));
      expect(sums[0]).toMatchObject({ width: 161, height: 91, format, kind: "[object Uint8Array]" });
    }, 30_000);
  }

  test("is the same JPEG at the far end", async () => {
    using folder = await setup(graph('plugin: "sum:Shots"', EDGE));
    const { sums } = await runOnce(folder);
    expect(sums).toEqual(await direct('plugin: "sum:Shots"'));
    expect(sums.map(({ format, bytes }) => [format, bytes])).toEqual([
      ["jpeg", 5],
      ["jpeg", 5],
    ]);
  }, 30_000);

  test("gives its place in the source's pool back when its row is committed, and outlives kill -9", async () => {
    using folder = await setup(graph(drawn("bgr24"), EDGE, true));
    {
      await using running = start(FLAGS, { cwd: folder.folder, env: { ALLOW_ALL_PLUGINS: "" } });
      // The far end has not finished one, and the source has two places.
      while ((await rows(folder.folder)) < FRAMES) await Bun.sleep(50);
      expect((await running.stop("SIGKILL")).code).not.toBe(0);
    }
    fs.writeFileSync(folder.at("g.yaml"), graph(drawn("bgr24"), EDGE));
    const { report, sums } = await runOnce(folder);
    // No new ones: what comes out is what the killed run had kept.
    expect(report.edges[0].durable).toMatchObject({ enqueued: 0, duplicates: FRAMES });
    expect(sums).toEqual(await direct(drawn("bgr24")));
  }, 60_000);
});

test("without payload_ref the graph is refused before it runs", async () => {
  using folder = await setup(graph(drawn("gray"), ", durable: true"));
  const { code, stdout, stderr } = await run(["validate", "g.yaml"], { cwd: folder.folder, env: ENV });
  expect([code, stdout + stderr]).toEqual([2, expect.stringContaining("add payload_ref: auto")]);
});

/** Rows of the edge, asked of the run itself. */
async function rows(cwd: string): Promise<number> {
  const { stdout } = await run(["queue", "ls", "yard", "--state-dir", "state", "--json"], { cwd, env: ENV });
  const queues: { ready: number; leased: number }[] = stdout === "" ? [] : JSON.parse(stdout).queues;
  return queues.reduce((sum, { ready, leased }) => sum + ready + leased, 0);
}

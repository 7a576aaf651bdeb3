import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { readRecording } from "../../src/record/index.ts";
import { binary, run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { temporaryFolder } from "../support/folder.ts";
import { needs } from "../support/part.ts";
import { RECORDED_GRAPH, record, replay } from "../support/recorded.ts";
import { start } from "../support/running.ts";

const lines = (text: string) => text.trimEnd().split("\n");
const packets = (text: string) => lines(text).map((line) => JSON.parse(line));
const payloads = (text: string) => packets(text).map(({ source_id, payload }) => `${source_id} ${payload.i}`);

describe("a run that was recorded", () => {
  test("is replayed to the same bytes each time, ids and times of new packets included", async () => {
    using folder = temporaryFolder();
    const original = await record([binary()], folder.path);
    expect([original.code, original.stderr]).toEqual([0, expect.stringContaining("two: ok")]);
    const first = await replay([binary()], folder.path);
    const second = await replay([binary()], folder.path);
    expect([first.code, second.stdout]).toEqual([0, first.stdout]);
    expect(first.stderr).not.toContain("warn");
    expect(lines(first.stdout).length).toBeGreaterThan(20);
    expect(new Set(packets(first.stdout).map(({ packet_id }) => packet_id)).size).toBe(lines(first.stdout).length);
    const other = await replay([binary()], folder.path, "--seed", "12");
    expect([other.stdout === first.stdout, payloads(other.stdout)]).toEqual([false, payloads(first.stdout)]);
  }, 60_000);

  test("comes again in the order and at the times it had, at any speed", async () => {
    using folder = folderWith({
      "g.yaml": `version: 2
nodes:
  - { id: a, plugin: generate_source, config: { count: 5, rate: 50 } }
  - { id: b, plugin: generate_source, config: { count: 5, rate: 30 } }
  - { id: out, plugin: print_sink }
edges: [{ from: a, to: out }, { from: b, to: out }]
`,
    });
    const cwd = folder.folder;
    const original = await run(["run", "g.yaml", "--record", "a.rec"], { cwd });
    const fast = await run(["replay", "a.rec"], { cwd });
    const paced = await run(["replay", "a.rec", "--speed", "original", "--report-json"], { cwd });
    expect(fast.stdout).toBe(original.stdout);
    const report = JSON.parse(lines(paced.stdout).at(-1)!);
    expect(paced.stdout).toBe(`${original.stdout}${lines(paced.stdout).at(-1)}\n`);
    // The last packet came after 4/30 s.
    expect(report.duration_ms).toBeGreaterThanOrEqual(130);
  });

  test("feeds chosen sources alone, and another graph", async () => {
    using folder = temporaryFolder();
    await record([binary()], folder.path);
    const { stdout } = await replay([binary()], folder.path, "--from-node", "slow");
    expect(new Set(packets(stdout).map(({ source_id }) => source_id))).toEqual(new Set(["slow"]));
    fs.writeFileSync(path.join(folder.path, "other.yaml"), RECORDED_GRAPH.replace("count: 2", "count: 1"));
    const other = await replay([binary()], folder.path, "other.yaml");
    expect(other.stderr).toContain("note: other.yaml is not the text that was recorded (graph.yaml)");
  });

  test("leaves the state of the graph alone", async () => {
    using folder = temporaryFolder();
    const env = { XDG_STATE_HOME: path.join(folder.path, "home") };
    await record([binary()], folder.path);
    const { code } = await run(["replay", "a.rec"], { cwd: folder.path, env });
    expect([code, fs.existsSync(env.XDG_STATE_HOME)]).toEqual([0, false]);
  });
});

describe("a recording that ends early", () => {
  test("by kill -9 is read up to the last whole packet", async () => {
    using folder = folderWith({
      "g.yaml": `version: 2
nodes:
  - { id: a, plugin: generate_source, config: { rate: 200 } }
  - { id: out, plugin: print_sink, config: { format: payload } }
edges: [{ from: a, to: out }]
`,
    });
    const cwd = folder.folder;
    await using running = start(["run", "g.yaml", "--record", "a.rec"], { cwd });
    await running.saw(/"i":50}/);
    await running.stop("SIGKILL");
    fs.appendFileSync(path.join(cwd, "a.rec"), '{"at":1,"from":"a.out","pack');
    const { code, stdout, stderr } = await run(["replay", "a.rec"], { cwd });
    expect([code, lines(stdout).length >= 40]).toEqual([0, true]);
    expect(stderr).toContain("its last line is cut off): its last 28 bytes are left out");
  });

  test("at its bound says so, and the run goes on", async () => {
    using folder = folderWith({
      "g.yaml": `version: 2
nodes:
  - { id: a, plugin: generate_source, config: { count: 1000 } }
  - { id: out, plugin: "null_sink" }
edges: [{ from: a, to: out }]
`,
    });
    const cwd = folder.folder;
    const ran = await run(["run", "g.yaml", "--record", "a.rec", "--record-max-bytes", "10kB", "--report-json"], {
      cwd,
    });
    const { recording, sources } = JSON.parse(ran.stdout);
    expect(ran.stderr).toContain("the recording has ended, and the run goes on");
    expect([ran.code, sources[0].emitted, recording.ended, recording.packets + recording.unrecorded]).toEqual([
      0,
      1_000,
      "max_bytes",
      1_000,
    ]);
    expect(fs.statSync(path.join(cwd, "a.rec")).size).toBeLessThan(11_000);
    const { stderr } = await run(["replay", "a.rec"], { cwd });
    expect(stderr).toContain("the recording ended before its run did (max_bytes)");
  });

  needs("mount")("at a full disk says so, and the run goes on", async () => {
    using folder = folderWith({
      "g.yaml": `version: 2
nodes:
  - { id: a, plugin: generate_source, config: { count: 20000 } }
  - { id: out, plugin: "null_sink" }
edges: [{ from: a, to: out }]
`,
    });
    const cwd = folder.folder;
    fs.mkdirSync(path.join(cwd, "small"));
    const script = `mount -t tmpfs -o size=256k none small && exec "$@"`;
    const child = Bun.spawnSync(
      [
        ...["unshare", "--mount", "sh", "-c", script, "sh"],
        ...[binary(), "run", "g.yaml", "--record", "small/a.rec", "--report-json"],
      ],
      { cwd },
    );
    const { recording, sources } = JSON.parse(child.stdout.toString());
    expect(child.stderr.toString()).toContain("ENOSPC");
    expect([child.exitCode, sources[0].emitted, recording.ended]).toEqual([0, 20_000, "failed"]);
  });
});

describe("a recording of frames and of what payloads refer to", () => {
  test("has the bytes in it", async () => {
    using folder = folderWith({
      "plate.bin": "a picture of a plate",
      "in.jsonl": `${JSON.stringify({ packet_id: "1", ts: "2026-01-01T00:00:00Z", kind: "bytes_ref", source_id: "s", payload: { ref: { scheme: "file", path: "PATH" } }, meta: {} })}\n`,
      "g.yaml": `version: 2
nodes:
  - { id: a, plugin: file_source, config: { path: in.jsonl, format: packets } }
  - { id: out, plugin: print_sink }
edges: [{ from: a, to: out }]
`,
    });
    const cwd = folder.folder;
    const [input, blob] = [path.join(cwd, "in.jsonl"), path.join(cwd, "plate.bin")];
    fs.writeFileSync(input, fs.readFileSync(input, "utf8").replace("PATH", blob));
    const ran = await run(["run", "g.yaml", "--record", "a.rec", "--record-blobs"], { cwd });
    expect(ran.code).toBe(0);
    fs.rmSync(blob);
    const { stdout } = await run(["replay", "a.rec"], { cwd });
    const [packet] = packets(stdout);
    expect(packet.payload.ref.path).toStartWith(path.join(cwd, "a.rec.blobs/"));
    expect(fs.readFileSync(packet.payload.ref.path, "utf8")).toBe("a picture of a plate");
  });
});

test("secrets of the graph and masked fields are not in the recording", async () => {
  using folder = folderWith({
    token: "tok-93-abcdef",
    "in.jsonl": `{"who": "Ada", "via": "tok-93-abcdef", "kept": 1}\n`,
    "g.yaml": `version: 2
vars: { token: "\${file:token}" }
nodes:
  - { id: a, plugin: file_source, config: { path: in.jsonl, format: jsonl } }
  - { id: out, plugin: print_sink, config: { prefix: "\${vars.token}" } }
edges: [{ from: a, to: out }]
`,
  });
  const cwd = folder.folder;
  const masks = ["--record-mask", "payload.who", "--record-mask", "payload.whom"];
  const ran = await run(["run", "g.yaml", "--record", "a.rec", ...masks, "--report-json"], { cwd });
  expect(ran.stderr).toMatch(/no packet had what --record-mask names.*unmet=\["payload\.whom"\]/);
  expect(JSON.parse(lines(ran.stdout).at(-1)!).recording.hidden).toBe(1);
  const text = fs.readFileSync(path.join(cwd, "a.rec"), "utf8");
  expect([text.includes("tok-93-abcdef"), text.includes("Ada")]).toEqual([false, false]);
  const recording = readRecording(path.join(cwd, "a.rec"));
  expect(recording.header.masked).toEqual(["payload.who", "payload.whom"]);
  expect([...recording.events][0]).toMatchObject({ packet: { payload: { who: "***", via: "***", kept: 1 } } });
});

describe("replay refuses", () => {
  const graph =
    "version: 2\nnodes: [{ id: cam, plugin: generate_source, config: { count: 1 } }, { id: o, plugin: null_sink }]\nedges: [{ from: cam, to: o }]\n";
  const files = { "g.yaml": graph, "x.rec": "nodes: []\n" };

  test.each([
    [["replay", "x.rec"], "cannot read x.rec as a recording"],
    [["replay", "absent.rec"], "cannot read recording absent.rec"],
    [["replay", "a.rec", "--speed", "0"], "--speed must be original, max or a number above 0"],
    [["replay", "a.rec", "--from-node", "o"], "--from-node o is no source of the graph"],
    [["replay", "a.rec", "other.yaml"], 'did it become "cam2"?'],
    [["run", "g.yaml", "--record", "g.yaml"], "--record g.yaml is there already"],
    [["run", "g.yaml", "--record", "no/a.rec"], "its folder is not there"],
    [["run", "g.yaml", "--record-max-bytes", "5MiB"], "add --record FILE"],
    [["run", "g.yaml", "--record", "b.rec", "--record-max-bytes", "much"], "--record-max-bytes must be a size"],
    [["run", "g.yaml", "--record", "b.rec", "--record-mask", "kind"], "--record-mask must lead into payload or meta"],
  ])("%j", async (words, message) => {
    using folder = folderWith({ ...files, "other.yaml": graph.replaceAll("cam", "cam2") });
    await run(["run", "g.yaml", "--record", "a.rec"], { cwd: folder.folder });
    const { code, stderr } = await run(words, { cwd: folder.folder });
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

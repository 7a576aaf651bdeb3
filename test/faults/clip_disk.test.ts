import { afterAll, describe, expect } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { temporaryFolder } from "../support/folder.ts";
import { fillUp, ownDisk } from "../support/own_disk.ts";
import { needs } from "../support/part.ts";
import { makeClip } from "../support/rtsp/clip.ts";
import { rtspServer } from "../support/rtsp_server.ts";
import { type Running, start } from "../support/running.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const yard = makeClip(folder.path, "yard", { seconds: 4 });

/** An event a second. */
const graph = (url: string, clips: string) => `version: 2
name: yard
nodes:
  - { id: cam, plugin: rtsp_source, config: { url: "${url}", fps: 5 } }
  - { id: seen, plugin: mock_detector, config: { emit_every_n: 5 } }
  - { id: event, plugin: event_v02, config: { site_id: S001 } }
  - { id: clip, plugin: clip_sink, config: { record: "${url}", ${clips} } }
  - { id: out, plugin: jsonl_sink, config: { path: events.jsonl, body: payload, flush_ms: 0 } }
  - { id: told, plugin: jsonl_sink, config: { path: clips.jsonl, body: payload, flush_ms: 0 } }
edges:
  - { from: cam, to: seen }
  - { from: seen, to: event }
  - { from: cam, to: clip.frames }
  - { from: event, to: clip.events }
  - { from: clip.out, to: out }
  - { from: clip.clips, to: told }
`;

const SHORT = "pre_sec: 1, post_sec: 0.5, max_sec: 2, audio: false";

const linesOf = (file: string) =>
  fs.existsSync(file)
    ? fs
        .readFileSync(file, "utf8")
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line))
    : [];

async function until(what: string, holds: () => boolean, limitMs = 40_000) {
  const endMs = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await Bun.sleep(50);
  }
}

/** Whatever a player can open and decode to its end. */
function expectPlayable(file: string) {
  const { success, stderr } = Bun.spawnSync(["ffmpeg", "-v", "error", "-i", file, "-f", "null", "-"]);
  expect([file, success, stderr.toString()]).toEqual([file, true, ""]);
}

const clipsIn = (dir: string) =>
  [...new Bun.Glob("**/*.mp4").scanSync({ cwd: dir })].map((file) => path.join(dir, file));

let places = 0;

async function setup() {
  const base = path.join(folder.path, String(places++));
  fs.mkdirSync(base);
  const server = await rtspServer({ clip: yard });
  return { base, server, [Symbol.asyncDispose]: () => server.close() };
}

// With min_free the node stops before the disk is full; without, ffmpeg meets the end of it.
for (const minFree of ["1MiB", "0"]) {
  needs("mount", "ffmpeg")(
    `a disk that is full while a clip is recorded stops the clips and nothing else, with min_free ${minFree}`,
    async () => {
      await using scene = await setup();
      const { base, server } = scene;
      await using disk = await ownDisk((at) => `mount -t tmpfs -o size=6m tmpfs '${at}'`, path.join(base, "tiny"));
      fs.writeFileSync(path.join(base, "g.yaml"), graph(server.url, `dir: tiny, min_free: ${minFree}, ${SHORT}`));
      await using run = start(["run", "g.yaml", "--report-json"], { cwd: base, before: disk.before });
      const told = () => linesOf(path.join(base, "clips.jsonl"));
      const heard = () => linesOf(path.join(base, "events.jsonl"));
      await until("a clip", () => told().some(({ status }) => status === "written"));
      const filler = disk.inside(path.join(base, "tiny/filler"));
      fillUp(filler);
      await run.saw(/reason=disk/);
      await until("a clip that could not be written", () => told().some(({ status }) => status === "failed"));
      const events = heard().length;
      await until("events go on", () => heard().length >= events + 3);
      fs.rmSync(filler);
      await until("clips again", () => told().at(-1)?.status === "written");
      const { code, stdout, stderr } = await run.stop();
      const report = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
      expect(code).toBe(0);
      expect(report.dead_letters.total).toBe(0);
      expect(report.node_metrics.clip.disk_full_total).toBeGreaterThan(0);
      expect(report.node_metrics.clip.failed_total).toBeGreaterThan(0);
      // Every event went on; each picture in between was seen.
      const counted = (pattern: RegExp) => (stderr.match(pattern) ?? []).length;
      expect([counted(/reason=disk/g), counted(/clips are written again/g)]).toEqual([1, 1]);
      expect(counted(/could not be written/g)).toBeWithin(1, 3);
    },
    90_000,
  );
}

describe("kill -9 of a run that records", () => {
  /** Kills the run when clips and events are at whatever they are. */
  async function killed(base: string, afterMs: number) {
    const run = start(["run", "g.yaml"], { cwd: base });
    const buffer = path.join(base, "clips/.buffer");
    await run.saw(/camera gives pictures.*\(recording\)/);
    await until("segments", () => fs.existsSync(buffer) && fs.readdirSync(buffer).length > 2);
    await Bun.sleep(afterMs);
    await run.stop("SIGKILL");
    return fs.readdirSync(buffer).length;
  }

  needs("ffmpeg")(
    "leaves no half file under a clip's name, no child, and a buffer that the next run empties",
    async () => {
      await using scene = await setup();
      const { base, server } = scene;
      fs.writeFileSync(path.join(base, "g.yaml"), graph(server.url, `min_free: 0, ${SHORT}`));
      for (const afterMs of [1_800, 2_100, 2_500]) {
        expect(await killed(base, afterMs)).toBeGreaterThan(2);
        await until("no child", () => ffmpegsOn(server.port).length === 0, 5_000);
        for (const file of clipsIn(path.join(base, "clips"))) expectPlayable(file);
      }
      // What a run had under way when it was killed at the worst moment.
      const draft = path.join(base, "clips/S001/cam/.late.mp4.tmp");
      fs.mkdirSync(path.dirname(draft), { recursive: true });
      fs.writeFileSync(draft, "half");
      const stale = path.join(base, "clips/.buffer/seg-1-000099.mkv");
      fs.writeFileSync(stale, "old");
      const told = () => linesOf(path.join(base, "clips.jsonl")).length;
      const before = told();
      await using run: Running = start(["run", "g.yaml"], { cwd: base });
      await until("a clip of the new run", () => told() > before);
      expect([fs.existsSync(draft), fs.existsSync(stale)]).toEqual([false, false]);
      expect((await run.stop()).code).toBe(0);
      expect(fs.readdirSync(path.join(base, "clips/.buffer"))).toEqual([]);
      const clips = clipsIn(path.join(base, "clips"));
      expect(clips.length).toBeGreaterThan(0);
      for (const file of clips) expectPlayable(file);
    },
    90_000,
  );
});

/** ffmpeg processes that have this port in their arguments. */
const ffmpegsOn = (port: number) =>
  Bun.spawnSync(["ps", "-eo", "args"])
    .stdout.toString()
    .split("\n")
    .filter((line) => line.includes("ffmpeg") && line.includes(`:${port}/`));

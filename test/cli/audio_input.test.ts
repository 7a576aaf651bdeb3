import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { run } from "../support/binary.ts";
import { sine, wavFile } from "../support/sound.ts";
import { makeClip } from "../support/video_clips.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "audio-input-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => path.join(folder, name);
const tone = sine(440, 16_000, 1);
const channels = (count: number) =>
  Float32Array.from(
    { length: tone.length * count },
    (_, n) => (n % count === 7 ? 0.5 : 0.1) * tone[Math.floor(n / count)]!,
  );

makeClip(folder, "silent.mp4");
fs.writeFileSync(at("empty.wav"), "");
fs.writeFileSync(at("text.wav"), "This is no sound.\n");
fs.writeFileSync(at("header.wav"), wavFile(new Float32Array(0), 16_000));
fs.writeFileSync(at("rateless.wav"), wavFile(tone, 0));
fs.writeFileSync(at("tone.wav"), wavFile(tone, 16_000));
fs.writeFileSync(at("many.wav"), wavFile(channels(32), 16_000, 32));
const broken = tone.slice();
broken.fill(Number.NaN, 0, 100);
fs.writeFileSync(at("broken.wav"), wavFile(broken, 16_000));

const GRAPH = (config: string, edge = "{ from: mic, to: out }", sink = "null_sink") => `version: 2
nodes:
  - { id: mic, plugin: audio_source, config: { ${config} } }
  - { id: out, plugin: ${sink} }
edges: [${edge}]
`;

async function hear(config: string, more: { edge?: string; sink?: string; env?: Record<string, string> } = {}) {
  const stdin = GRAPH(config, more.edge, more.sink);
  const { code, stdout, stderr } = await run(["run", "-", "--report-json"], {
    stdin,
    cwd: folder,
    env: more.env ?? {},
  });
  const report = JSON.parse(stdout.trim().split("\n").at(-1) || "{}");
  const metric = (name: string) => report.metrics?.[`node.mic.${name}`];
  return { code, stderr, error: report.error as string | null, samples: metric("samples_total"), metric };
}

describe("sound that cannot be decoded ends the run with code 1 and says why:", () => {
  test.each([
    ["a file that is not there", "path: none.wav", "cannot decode none.wav: ffmpeg ended with code 1"],
    ["a film without sound", "path: silent.mp4", "cannot decode silent.mp4: it has no sound, only pictures"],
    ["an empty file", "path: empty.wav", "cannot decode empty.wav: it is no sound, or damaged"],
    ["text", "path: text.wav", "cannot decode text.wav: it is no sound, or damaged"],
    ["a file of no samples", "path: header.wav", "there is no sound in it, or none in the part that was asked for"],
    ["a part behind the end", "path: tone.wav, start_sec: 5", "there is no sound in it, or none in the part"],
    ["a rate of 0", "path: rateless.wav", "cannot decode rateless.wav: it is no sound, or damaged"],
    ["32 channels without places", "path: many.wav", "they cannot be mixed: take one by channel (0 is the first)"],
    ["a channel that is not there", "path: many.wav, channel: 32", "there is no channel 32: the last one of its 32"],
    ["a track that is not there", "path: tone.wav, track: 1", "cannot decode tone.wav: it has no sound"],
  ])("%s", async (_what, config, reason) => {
    const { code, error } = await hear(config);
    expect(code).toBe(1);
    expect(error).toStartWith('source "mic" failed: ');
    expect(error).toContain(reason);
  });
});

describe("sound that is unusual is decoded whole:", () => {
  test("one of 32 channels, and all of them", async () => {
    expect(await hear("path: many.wav, channel: 7")).toMatchObject({ code: 0, samples: 16_000 });
    expect(await hear("path: many.wav, channels: 32")).toMatchObject({ code: 0, samples: 16_000 });
  });

  test("samples that are no numbers become silence, counted and told", async () => {
    const { code, samples, metric, stderr } = await hear("path: broken.wav");
    expect([code, samples, metric("not_finite_total")]).toEqual([0, 16_000, 100]);
    expect(stderr).toContain("samples that are no numbers are silence now");
  });

  test("a name that looks like an option", async () => {
    fs.copyFileSync(at("tone.wav"), at("-i concat:x.wav"));
    expect(await hear('path: "-i concat:x.wav"')).toMatchObject({ code: 0, samples: 16_000 });
  });
});

describe("a microphone that is missing", () => {
  // ffmpeg's own words on a machine without one.
  const script = at("ffmpeg_without_microphone");
  const says = "[alsa @ 0x5596] [error] cannot open audio device default (No such file or directory)";
  fs.writeFileSync(
    script,
    `#!/bin/sh\ncase " $* " in\n*" -devices "*) echo " DE alsa ALSA";;\n*" -f alsa "*) echo '${says}' >&2; exit 1;;\n*) exec ffmpeg "$@";;\nesac\n`,
    { mode: 0o755 },
  );
  const env = { SCHNITZEL_FFMPEG: script, XDG_CACHE_HOME: at("cache") };

  test("ends a run that was told not to wait for it, with what to do", async () => {
    const { code, error } = await hear("device: default, system: alsa, reconnect: false", { env });
    expect(code).toBe(1);
    expect(error).toContain("default gave no sound in 1 tries: cannot open audio device default");
    expect(error).toContain("plug it in, or name the right one in device");
  });

  test("is waited for otherwise, and told once", async () => {
    const stdin = GRAPH("device: default, system: alsa, reconnect_backoff_sec: 0.1");
    const { code, stderr } = await run(["run", "-", "--max-seconds", "2"], { stdin, cwd: folder, env });
    expect(code).toBe(0);
    expect(stderr.split("microphone lost, trying again")).toHaveLength(2);
  });
});

describe("a graph is refused", () => {
  const validate = (graph: string) => run(["validate", "-"], { stdin: graph, cwd: folder });

  test.each([
    ["sample_rate: 0", "path: a.wav, sample_rate: 0"],
    ["channels: 65", "path: a.wav, channels: 65"],
    ["block_ms: 0", "path: a.wav, block_ms: 0"],
  ])("for %s", async (what, config) => {
    const { code, stderr } = await validate(GRAPH(config));
    expect(code).toBe(2);
    expect(stderr).toContain(`config.${what.split(":")[0]} must`);
  });

  test("that keeps sound on disk as it is; with payload_ref it comes through whole", async () => {
    const durable = "{ from: mic, to: out, durable: true }";
    const refused = await validate(GRAPH("path: tone.wav", durable));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("Cannot keep the edge from mic.out to out on disk as its payload is inproc_any");
    const edge = "{ from: mic, to: out, durable: true, payload_ref: auto }";
    const stdin = GRAPH("path: tone.wav", edge, "level").replace("version: 2", "version: 2\nname: sound");
    const graph = stdin.replace("edges: [", "  - { id: show, plugin: print_sink }\nedges: [{ from: out, to: show }, ");
    const { code, stdout } = await run(["run", "-", "--state-dir", at("state")], { stdin: graph, cwd: folder });
    expect(code).toBe(0);
    expect(JSON.parse(stdout.split("\n")[0]!).payload).toMatchObject({ rms_dbfs: -9.03, samples: 16_000 });
  });
});

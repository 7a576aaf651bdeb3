import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as v from "valibot";
import { spawnChild } from "../../../src/cli/spawn_child.ts";
import { findFfmpeg } from "../../../src/media/index.ts";
import type { SourceInstance } from "../../../src/node/index.ts";
import { audioSource } from "../../../src/nodes/audio/audio_source.ts";
import { type Audio, audioOf, type StreamPacket } from "../../../src/packet/index.ts";
import { testContext } from "../../support/node.ts";
import { sine, wavFile } from "../../support/sound.ts";
import { ffmpeg } from "../../support/video_clips.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "audio-source-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => path.join(folder, name);
const write = (name: string, samples: Float32Array, rate = 16_000, channels = 1) =>
  fs.writeFileSync(at(name), wavFile(samples, rate, channels));

/** Sample n is n / 2^20, so that each tells its place. */
const ramp = (length: number) => Float32Array.from({ length }, (_, n) => n / 2 ** 20);
write("ramp.wav", ramp(16_000));

const never = new AbortController().signal;

function open(config: Record<string, unknown> = {}) {
  const context = { ...testContext({ base: folder, nodeId: "mic" }), spawn: spawnChild, ffmpeg: findFfmpeg };
  const options = v.parse(audioSource.config, { path: "ramp.wav", start_ts: "2026-01-01T00:00:00Z", ...config });
  expect(audioSource.check(options)).toEqual([]);
  return { context, source: audioSource.create(options, context) as SourceInstance };
}

async function take(source: SourceInstance) {
  const packets: StreamPacket<Audio>[] = [];
  for await (const item of source.run(never)) packets.push(...([item].flat() as StreamPacket<Audio>[]));
  await source.close!();
  return packets;
}

const hear = async (config: Record<string, unknown> = {}) => take(open(config).source);
const samplesOf = (packets: readonly StreamPacket<Audio>[]) => packets.flatMap(({ payload }) => [...payload.samples]);

describe("audio_source of a file", () => {
  test("gives every sample once, in blocks with the exact time of their first sample", async () => {
    const packets = await hear();
    expect(samplesOf(packets)).toEqual([...ramp(16_000)]);
    expect(packets.map(({ payload }) => payload.samples.length)).toEqual([...Array(31).fill(512), 128]);
    expect(packets.map(({ payload }) => payload.sample_idx)).toEqual(Array.from({ length: 32 }, (_, n) => n * 512));
    expect(packets.slice(0, 3).map(({ ts }) => ts)).toEqual([
      "2026-01-01T00:00:00.000000Z",
      "2026-01-01T00:00:00.032000Z",
      "2026-01-01T00:00:00.064000Z",
    ]);
    expect(packets[3]).toMatchObject({
      kind: "audio",
      source_id: "mic",
      payload: { sample_rate: 16_000, channels: 1 },
      meta: { idempotency_key: "audio:mic:1536", sample_idx: 1_536, pos_msec: 96 },
    });
    for (const { payload } of packets) expect(audioOf(payload)).toBe(payload);
  });

  test("has times to the microsecond where blocks are no whole milliseconds", async () => {
    const packets = await hear({ sample_rate: 44_100, block_ms: 10, max_blocks: 400 });
    expect(packets[99]!.ts).toBe("2026-01-01T00:00:00.990000Z");
    expect(packets[7]!.payload).toMatchObject({ sample_idx: 3_087, sample_rate: 44_100 });
    const odd = await hear({ sample_rate: 22_050, block_ms: 7 });
    // 154 samples: 6.984126… ms, and no error adds up.
    expect(odd[100]!.ts).toBe("2026-01-01T00:00:00.698413Z");
  });

  test("begins a part at its place, to the sample", async () => {
    const packets = await hear({ start_sec: 0.25, end_sec: 0.5 });
    expect(samplesOf(packets)).toEqual([...ramp(16_000).slice(4_000, 8_000)]);
    expect(packets[0]).toMatchObject({ ts: "2026-01-01T00:00:00.250000Z", meta: { sample_idx: 4_000, pos_msec: 250 } });
  });

  test("goes on counting when it begins again, and so do its times", async () => {
    const packets = await hear({ loop: true, max_blocks: 70 });
    expect(packets).toHaveLength(70);
    const second = packets[32]!;
    expect(second).toMatchObject({ ts: "2026-01-01T00:00:01.000000Z", meta: { sample_idx: 16_000, pos_msec: 0 } });
    expect(second.payload.samples[1]).toBe(1 / 2 ** 20);
    const numbers = packets.map(({ payload }) => payload.sample_idx);
    expect(new Set(numbers).size).toBe(70);
  });

  test("at real time gives each block when it is due", async () => {
    const { source, context } = open({ pace: "real_time", max_blocks: 10 });
    const startMs = context.clock.monotonicMs();
    const dueMs: number[] = [];
    const blocks = (source.run(never) as AsyncIterable<StreamPacket>)[Symbol.asyncIterator]();
    for (let block = 0; block < 10; block++) {
      const next = blocks.next();
      let given = false;
      void next.then(() => {
        given = true;
      });
      // Real ffmpeg, virtual time: time stands still until the block is here and waits for its moment.
      while (!given) {
        if (context.clock.pending > 0) context.clock.advance(1);
        await new Promise((resolve) => setImmediate(resolve));
      }
      dueMs.push(context.clock.monotonicMs() - startMs);
    }
    await source.close!();
    expect(dueMs).toEqual(Array.from({ length: 10 }, (_, n) => n * 32));
  });

  test("mixes channels to their mean, or takes one of them, or all", async () => {
    const left = sine(440, 16_000, 0.1, 1);
    const stereo = Float32Array.from({ length: left.length * 2 }, (_, n) => (n % 2 ? -0.5 : left[n >> 1]!));
    write("stereo.wav", stereo, 16_000, 2);
    const mixed = samplesOf(await hear({ path: "stereo.wav" }));
    expect(mixed.map((sample, n) => Math.abs(sample - (left[n]! - 0.5) / 2)).every((off) => off < 1e-6)).toBe(true);
    expect(samplesOf(await hear({ path: "stereo.wav", channel: 1 }))).toEqual(Array(1_600).fill(-0.5));
    expect(samplesOf(await hear({ path: "stereo.wav", channels: 2 }))).toEqual([...stereo]);
  });

  test.each(["mp3", "m4a", "ogg", "flac", "mkv"])("reads %s, with the tone where it was", async (ending) => {
    const tone = sine(440, 48_000, 1);
    // Silence, then half a second of the tone.
    write("tone.wav", tone.fill(0, 0, 24_000), 48_000);
    ffmpeg("-i", at("tone.wav"), at(`tone.${ending}`));
    const samples = samplesOf(await hear({ path: `tone.${ending}` }));
    const loud = samples.findIndex((sample) => Math.abs(sample) > 0.1);
    // Lossy codecs smear an edge over 4 ms, and change the level by some percent.
    expect(Math.abs(loud - 8_000)).toBeLessThan(64);
    const power = samples.slice(10_000, 14_000).reduce((sum, sample) => sum + sample * sample, 0) / 4_000;
    expect(Math.abs(Math.sqrt(power) / (0.5 / Math.SQRT2) - 1)).toBeLessThan(0.1);
  });

  test("fills a gap between a file's packets with silence, so that what is behind it keeps its time", async () => {
    write("second.wav", sine(440, 16_000, 1), 16_000);
    const cut = ["-af", "aselect='not(between(t,0.4,0.6))'", "-fps_mode", "passthrough"];
    ffmpeg("-i", at("second.wav"), ...cut, "-c:a", "pcm_s16le", at("gap.mkv"));
    const samples = samplesOf(await hear({ path: "gap.mkv" }));
    expect(Math.abs(samples.length - 16_000)).toBeLessThan(40);
    expect(samples.slice(7_500, 8_500).every((sample) => sample === 0)).toBe(true);
  });

  test("finds the sound of a film, and one of several tracks", async () => {
    const film = ["-f", "lavfi", "-i", "testsrc2=s=64x48:d=0.5", "-i", at("ramp.wav"), "-i", at("stereo.wav")];
    ffmpeg(...film, "-map", "0", "-map", "1", "-map", "2", "-c:a", "pcm_f32le", at("film.mkv"));
    expect(samplesOf(await hear({ path: "film.mkv" }))).toHaveLength(16_000);
    expect(samplesOf(await hear({ path: "film.mkv", track: 1, channel: 1 }))).toEqual(Array(1_600).fill(-0.5));
  });

  test("turns samples that are no numbers into silence, and says how many", async () => {
    const broken = sine(440, 16_000, 0.1);
    broken.set([Number.NaN, Number.POSITIVE_INFINITY, 3], 100);
    write("broken.wav", broken);
    const { source, context } = open({ path: "broken.wav" });
    const samples = samplesOf(await take(source));
    expect(samples.slice(100, 103)).toEqual([0, 0, 3]);
    expect(source.metrics!()).toMatchObject({ not_finite_total: 2, samples_total: 1_600, rounds_total: 1 });
    expect(context.logged.at(-1)).toMatchObject({ level: "warn", fields: { samples: 2 } });
  });
});

describe("audio_source says what is wrong with", () => {
  const issues = (config: Record<string, unknown>) =>
    audioSource
      .check(v.parse(audioSource.config, config))
      .map(({ path: [key], message }) => `${key ?? ""}: ${message}`);

  test.each([
    [{}, ": there is nothing to hear: set path, url or device"],
    [{ path: "a.wav", url: "rtsp://cam/1" }, "url: path and url exclude each other: keep one"],
    [{ path: "http://cam/a.mp3" }, "path: it is an address: write it as url"],
    [{ path: "a.wav", start_sec: 3, end_sec: 2 }, "end_sec: it must be after start_sec (3): it is 2"],
    [{ path: "a.wav", start_ts: "noon" }, 'start_ts: it must be ISO-8601, such as 2026-01-01T06:00:00Z: it is "noon"'],
    [{ path: "a.wav", channel: 1, channels: 2 }, "channel: it is one channel: leave channels out"],
    [{ device: "default", loop: true }, "loop: only a file has this: live sound comes when it comes"],
    [{ device: "default", system: "dshow" }, "device: on Windows a microphone is opened by its own name"],
    [{ url: "ftp://cam/1" }, "url: a camera's address must begin with rtsp:// or rtsps:// or http:// or https://"],
    [
      { url: "rtsp://cam/1", reconnect_backoff_sec: 90 },
      "reconnect_backoff_max_sec: must be at least reconnect_backoff_sec (90): it is 60",
    ],
  ])("%j", (config, issue) => expect(issues(config)).toContain(issue));
});

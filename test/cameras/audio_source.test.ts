import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { findFfmpeg } from "../../src/media/index.ts";
import { audioSource } from "../../src/nodes/audio/audio_source.ts";
import { type Audio, parseIsoMs, type StreamPacket } from "../../src/packet/index.ts";
import { alive, CameraRun } from "../support/camera_run.ts";
import { temporaryFolder } from "../support/folder.ts";
import { makeClip } from "../support/rtsp/clip.ts";
import { type RtspOptions, rtspServer } from "../support/rtsp_server.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "audio-live-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
const clip = makeClip(folder, "small");

/** Short times, so that the tests wait little. */
const QUICK = { stall_sec: 2, first_sound_sec: 3, reconnect_backoff_sec: 0.3, reconnect_backoff_max_sec: 0.6 };
const NETWORK = { timeout_sec: 1.5, probe_sec: 1 };

const heard = (run: CameraRun) => run.packets as unknown as StreamPacket<Audio>[];
const blocks = (run: CameraRun, count: number) => run.until(`${count} blocks`, () => run.packets.length >= count);

/** Whether each block's time is that of its number, and none comes twice. */
function checkTimes(packets: readonly StreamPacket<Audio>[]) {
  const [first] = packets;
  const startMs = parseIsoMs(first!.ts) - (first!.payload.sample_idx * 1_000) / first!.payload.sample_rate;
  let next = 0;
  for (const { ts, payload } of packets) {
    expect(payload.sample_idx).toBeGreaterThanOrEqual(next);
    next = payload.sample_idx + payload.samples.length / payload.channels;
    const offMs = parseIsoMs(ts) - startMs - (payload.sample_idx * 1_000) / payload.sample_rate;
    expect(Math.abs(offMs)).toBeLessThan(0.002);
  }
}

describe("audio_source of a camera", () => {
  async function setup(options: Partial<RtspOptions> = {}, config: Record<string, unknown> = {}) {
    const server = await rtspServer({ clip, audio: true, ...options });
    const run = new CameraRun(audioSource, { url: server.url, ...QUICK, ...NETWORK, ...config });
    return {
      server,
      run,
      async [Symbol.asyncDispose]() {
        await run[Symbol.asyncDispose]();
        await server.close();
        expect(run.pids.filter(alive)).toEqual([]);
      },
    };
  }

  test.each(["tcp", "udp"])("gives its tone by %s, without its pictures", async (transport) => {
    await using camera = await setup({}, { transport, key_epoch: "count" });
    await blocks(camera.run, 40);
    const packets = heard(camera.run);
    checkTimes(packets);
    expect(packets[3]).toMatchObject({ kind: "audio", source_id: "cam", meta: { epoch: 1 } });
    const { sample_idx } = packets[3]!.payload;
    expect(packets[3]!.meta).toMatchObject({ sample_idx, idempotency_key: `audio:cam:1:${sample_idx}` });
    // 440 Hz: rises through zero 440 times a second.
    const samples = packets.slice(8, 40).flatMap(({ payload }) => [...payload.samples]);
    const rising = samples.filter((sample, at) => at > 0 && samples[at - 1]! < 0 && sample >= 0).length;
    expect(Math.abs(rising / (samples.length / 16_000) - 440)).toBeLessThan(5);
    expect(camera.server.asked.filter((method) => method === "SETUP")).toHaveLength(1);
  });

  test("goes on at the right number when the connection was lost", async () => {
    await using camera = await setup();
    await blocks(camera.run, 20);
    const before = camera.run.packets.length;
    camera.server.cut();
    await camera.run.until("sound again", () => camera.run.packets.at(-1)!.meta.epoch === 2);
    await blocks(camera.run, before + 10);
    const packets = heard(camera.run);
    checkTimes(packets);
    const [last, first] = [1, 2]
      .map((epoch) => packets.filter(({ meta }) => meta.epoch === epoch))
      .map((of, at) => of.at(at - 1)!);
    expect(camera.run.metric("gaps_total")).toBe(1);
    expect(first!.payload.sample_idx - last!.payload.sample_idx).toBeGreaterThan(512);
    // Its time is still the time at which it came.
    expect(Math.abs(Date.now() - parseIsoMs(packets.at(-1)!.ts))).toBeLessThan(1_500);
  });

  test("finds back after a camera that hangs, and says each change once", async () => {
    await using camera = await setup();
    await blocks(camera.run, 10);
    camera.server.illness = "half_open";
    await camera.run.until("a loss", () => camera.run.metric("losses_total") >= 1);
    camera.server.illness = "none";
    await camera.run.until("sound again", () => camera.run.packets.at(-1)!.meta.epoch === 2);
    const messages = camera.run.logged.map(({ message }) => message);
    expect(messages).toEqual([
      "connecting to the stream",
      "stream gives sound",
      "stream lost, trying again",
      "stream gives sound",
    ]);
  });

  test("says that a camera has no sound, and what to do", async () => {
    await using camera = await setup({ audio: false });
    await camera.run.lost("no_stream");
    expect(camera.run.text()).toContain("switch it on in the camera's settings");
  });

  test("shows the password nowhere", async () => {
    const login = { user: "admin", password: "hunter2", scheme: "digest" } as const;
    await using camera = await setup({ login } as Partial<RtspOptions>, { user: "admin", password: "wrong-hunter" });
    await camera.run.lost("password");
    expect(camera.run.text()).not.toContain("hunter");
  });
});

describe("audio_source of a microphone", () => {
  const BEHIND_INPUT = 'while [ "$1" != -i ]; do shift; done; shift 2';
  const TONE = 'exec ffmpeg -hide_banner -nostats -loglevel level+info -re -f lavfi -i sine=f=440:r=48000 "$@"';
  const says = (...lines: string[]) => lines.map((line) => `echo '[error] ${line}' >&2`).join("\n");
  const MISSING = says("cannot open audio device hw:7 (No such file or directory)", "hw:7: Input/output error");

  /** A run whose ffmpeg is a shell script of the test; no machine that tests has a microphone. */
  function scripted(script: string, config: Record<string, unknown> = {}, devices = ["alsa"]) {
    const own = temporaryFolder();
    const file = path.join(own.path, "ffmpeg");
    fs.writeFileSync(file, `#!/bin/sh\ncd ${own.path}\n${script}\n`, { mode: 0o755 });
    const can = (what: string, name: string) => what === "device" && devices.includes(name);
    const ffmpeg = async () => ({ ...(await findFfmpeg()), file, can });
    const run = new CameraRun(audioSource, { device: "hw:7", system: "alsa", ...QUICK, ...config }, { ffmpeg });
    return {
      run,
      folder: own.path,
      async [Symbol.asyncDispose]() {
        await run[Symbol.asyncDispose]();
        expect(run.pids.filter(alive)).toEqual([]);
        own[Symbol.dispose]();
      },
    };
  }

  test("asks for the device as its system names it, and hears it at once", async () => {
    const config = { capture_rate: 48_000, capture_channels: 2 };
    await using microphone = scripted(`echo "$@" > asked\n${BEHIND_INPUT}\n${TONE}`, config);
    await blocks(microphone.run, 20);
    checkTimes(heard(microphone.run));
    expect(fs.readFileSync(path.join(microphone.folder, "asked"), "utf8")).toContain(
      "-f alsa -sample_rate 48000 -channels 2 -i hw:7",
    );
    // A block is passed on when it is full: twenty of them take less than two thirds of a second and a start.
    expect(Math.abs(Date.now() - parseIsoMs(heard(microphone.run).at(-1)!.ts))).toBeLessThan(500);
  });

  test("says once that it is missing, and finds it when it is plugged in", async () => {
    await using microphone = scripted(`[ -e plugged ] || { ${MISSING}; exit 1; }\n${BEHIND_INPUT}\n${TONE}`);
    await microphone.run.until("three tries", () => microphone.run.metric("ffmpeg_starts_total") >= 3);
    const warnings = microphone.run.logged.filter(({ level }) => level === "warn");
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({
      message: "microphone lost, trying again",
      fields: { reason: "missing", microphone: "hw:7", hint: expect.stringContaining("arecord -L") },
    });
    fs.writeFileSync(path.join(microphone.folder, "plugged"), "");
    await blocks(microphone.run, 1);
  });

  test("that is missing ends a run that was told not to try again", async () => {
    await using microphone = scripted(`${MISSING}; exit 1`, { reconnect: false });
    await microphone.run.until("the end", () => microphone.run.error !== undefined);
    expect(microphone.run.error!.message).toStartWith("hw:7 gave no sound in 1 tries: cannot open audio device hw:7");
  });

  test("is refused at the start by an ffmpeg that knows no microphones", async () => {
    await using microphone = scripted("exit 1", {}, []);
    await microphone.run.until("the end", () => microphone.run.error !== undefined);
    expect(microphone.run.error!.message).toContain("has no alsa; ");
  });

  test("keeps ten seconds for a graph that is busy, and counts what is older", async () => {
    const fast = TONE.replace(" -re", "");
    await using microphone = scripted(`${BEHIND_INPUT}\n${fast} -t 60`, { block_ms: 1_000 });
    const rest = Promise.withResolvers<void>();
    microphone.run.resting = rest.promise;
    await microphone.run.until("dropped blocks", () => microphone.run.metric("dropped_not_taken_total") > 0);
    rest.resolve();
    microphone.run.resting = undefined;
    await blocks(microphone.run, 5);
    checkTimes(heard(microphone.run));
  });
});

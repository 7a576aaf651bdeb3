import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { cameraChecks } from "../../src/cli/doctor/camera_checks.ts";
import type { CameraLook, Pictures } from "../../src/cli/doctor/camera_look.ts";
import type { Check } from "../../src/cli/doctor/checks.ts";
import { cameraAddress } from "../../src/media/index.ts";
import { run } from "../support/binary.ts";
import { cli } from "../support/cli.ts";
import { makeClip } from "../support/rtsp/clip.ts";
import { type RtspOptions, rtspServer } from "../support/rtsp_server.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "doctor-camera-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
const clip = makeClip(folder, "yard");

/** What doctor says of a camera, in JSON, checks by their names. */
async function seen(options: Partial<RtspOptions>, change = (url: string) => url, ...flags: string[]) {
  const server = await rtspServer({ clip, ...options });
  const { code, stdout, stderr } = await cli([
    "doctor",
    "camera",
    change(server.url),
    "--json",
    "--seconds",
    "2",
    ...flags,
  ]);
  await server.close();
  const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Check[] };
  for (const check of checks) if (check.status !== "ok") expect(check.hint ?? "").toMatch(/\w{3,}/);
  return { code, ok, stdout, stderr, by: Object.fromEntries(checks.map((check) => [check.name, check])) };
}

describe("doctor camera", () => {
  test("tells what a good camera sends", async () => {
    const { code, ok, by } = await seen({ audio: true });
    expect([code, ok]).toEqual([0, true]);
    expect(by).toMatchObject({
      codec: { status: "ok", detail: "h264, yuv420p" },
      size: { detail: "320x180" },
      rate: { status: "ok", detail: expect.stringMatching(/^2[3-7]\.\d pictures a second, 25\.0 promised$/) },
      key_frames: { status: "ok", detail: "every 1.0 s" },
      audio: { detail: "yes" },
      transport: { detail: "tcp" },
      udp: { detail: "works too" },
    });
  }, 60_000);

  test("tells a wrong password, and does not show it", async () => {
    const login = { scheme: "digest", user: "admin", password: "hunter22" } as const;
    const { code, by, stdout } = await seen({ login }, (url) => url.replace("//", "//admin:hunter23@"));
    expect([code, by.login?.status, by.rtsp?.status]).toEqual([3, "fault", "ok"]);
    expect(by.login!.hint).toContain("password");
    expect(stdout).not.toContain("hunter2");
  }, 60_000);

  test("takes a password from a file", async () => {
    const login = { scheme: "basic", user: "admin", password: "hunter22" } as const;
    const file = path.join(folder, "password.txt");
    fs.writeFileSync(file, "hunter22\n");
    const { code } = await seen({ login }, undefined, "--user", "admin", "--password-file", file);
    expect(code).toBe(0);
  }, 60_000);

  test("tells a wrong path", async () => {
    const { code, by } = await seen({}, (url) => `${url}x`);
    expect([code, by.stream?.status]).toEqual([3, "fault"]);
    expect(by.stream!.hint).toContain("path");
  }, 60_000);

  test("tells a camera that takes connections and says nothing", async () => {
    const { code, by } = await seen({ illness: "mute" });
    expect([code, by.network?.status, by.rtsp?.status, by.stream?.status]).toEqual([3, "ok", "fault", "fault"]);
    expect(by.rtsp!.hint).toContain("restart the camera");
  }, 60_000);

  test("tells UDP that does not come through, when asked for and when not", async () => {
    const asked = await seen({ illness: "no_udp_data" }, undefined, "--transport", "udp");
    expect([asked.code, asked.by.stream?.status]).toEqual([3, "fault"]);
    expect(asked.by.stream!.hint).toContain("transport: tcp");
    const other = await seen({ illness: "no_udp_data" });
    expect([other.code, other.by.udp?.detail]).toEqual([0, expect.stringContaining("stay with transport: tcp")]);
  }, 90_000);

  test("tells a closed port, an unknown host, and an address that is none", async () => {
    const closed = await cli(["doctor", "camera", "rtsp://127.0.0.1:1/yard"]);
    expect([closed.code, closed.stdout]).toEqual([3, expect.stringMatching(/fault +network.*\n.*check the port/s)]);
    const unknown = await cli(["doctor", "camera", "rtsp://nosuch.invalid/yard"]);
    expect([unknown.code, unknown.stdout]).toEqual([3, expect.stringMatching(/fault +network.*\n.*host name/s)]);
    const none = await cli(["doctor", "camera", "192.168.1.20/yard"]);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining("must begin with rtsp://")]);
  }, 60_000);

  test("tells HEVC that this ffmpeg cannot decode", async () => {
    const ffmpeg = path.join(folder, "ffmpeg");
    const refuse = "echo '[error] Decoder (codec hevc) not found for input stream #0:0' >&2; exit 1";
    fs.writeFileSync(ffmpeg, `#!/bin/sh\ncase " $* " in *" -i rtsp://"*) ${refuse};; esac\nexec ffmpeg "$@"\n`, {
      mode: 0o755,
    });
    const server = await rtspServer({ clip });
    const ran = await run(["doctor", "camera", server.url], { env: { SCHNITZEL_FFMPEG: ffmpeg } });
    await server.close();
    expect([ran.code, ran.stdout]).toEqual([3, expect.stringMatching(/fault +stream .*hevc.*H\.264/s)]);
  }, 60_000);
});

describe("doctor camera warns of", () => {
  const pictures = (changes: Partial<Pictures["info"]> = {}, fps = 25): Pictures => ({
    info: {
      ...{ width: 1_280, height: 720, format: "gray", fps: 25, codec: "h264", durationMs: undefined, rotation: 0 },
      ...{ hasAudio: false, source: { width: 1_280, height: 720, pixelFormat: "yuv420p" }, ...changes },
    },
    firstMs: 1_000,
    atMs: Array.from({ length: 50 }, (_, at) => (at * 1_000) / fps),
    complaints: [],
  });
  const keys = (...atMs: number[]): Pictures => ({ ...pictures(), atMs });
  const look = (changes: Partial<CameraLook>): string[] => {
    const whole: CameraLook = {
      address: cameraAddress("rtsp://cam/1", ["rtsp"]),
      transport: "tcp",
      ffmpeg: { file: "/usr/bin/ffmpeg", version: { major: 5, minor: 1, text: "5.1" }, from: "PATH", can: () => true },
      connected: 1,
      options: "RTSP/1.0 200 OK",
      pictures: pictures(),
      keys: keys(0, 2_000),
      lookedForKeysMs: 20_000,
      ...changes,
    };
    return cameraChecks(whole).flatMap(({ name, status }) => (status === "ok" ? [] : [`${status} ${name}`]));
  };

  test.each<[string, Partial<CameraLook>, string[]]>([
    ["nothing at a good one", {}, []],
    ["key frames 10 s apart", { keys: keys(0, 10_000) }, ["warning key_frames"]],
    ["a second key frame that never came", { keys: keys(0) }, ["warning key_frames"]],
    ["HEVC", { pictures: pictures({ codec: "hevc" }) }, ["warning codec"]],
    ["4K", { pictures: pictures({ width: 3_840, height: 2_160 }) }, ["warning size"]],
    ["pictures that are missing", { pictures: pictures({}, 12) }, ["warning rate"]],
    [
      "what ffmpeg complains about",
      { pictures: { ...pictures(), complaints: ["RTP: missed 20 packets"] } },
      ["warning complaints"],
    ],
    ["a service that is not RTSP", { options: "HTTP/1.1 400 Bad Request" }, ["fault rtsp"]],
    ["no ffmpeg", { ffmpeg: new Error("there is none") }, ["fault ffmpeg"]],
  ])("%s", (_, changes, found) => expect(look(changes)).toEqual(found));

  test("an ffmpeg without TLS where the address needs it", () => {
    const address = cameraAddress("rtsps://cam/1", ["rtsps"]);
    const ffmpeg = { file: "/x", version: { major: 5, minor: 1, text: "5.1" }, from: "PATH", can: () => false };
    expect(look({ address, ffmpeg })).toEqual(["fault ffmpeg"]);
  });
});

import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { rtspSource } from "../../src/nodes/video/rtsp_source.ts";
import { alive, CameraRun } from "../support/camera_run.ts";
import { makeClip } from "../support/rtsp/clip.ts";
import { type RtspOptions, rtspServer } from "../support/rtsp_server.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rtsp-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const small = makeClip(folder, "small");
const large = makeClip(folder, "large", { size: "640x360" });

/** Short times, so that the tests wait little. */
const QUICK = { timeout_sec: 1.5, stall_sec: 3, first_frame_sec: 4, probe_sec: 1, reconnect_backoff_sec: 0.3 };

async function setup(options: Partial<RtspOptions> = {}, config: Record<string, unknown> = {}) {
  const server = await rtspServer({ clip: small, ...options });
  const run = new CameraRun(rtspSource, { url: server.url, ...QUICK, ...config });
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

const pictures = (run: CameraRun, count: number) => run.until(`${count} pictures`, () => run.packets.length >= count);

describe("rtsp_source", () => {
  for (const transport of ["tcp", "udp"] as const) {
    test(`gives pictures by ${transport}, with their keys`, async () => {
      await using camera = await setup({ audio: true }, { transport, key_epoch: "count", width: 160 });
      await pictures(camera.run, 10);
      const [first] = camera.run.packets;
      expect(first).toMatchObject({
        kind: "frame",
        source_id: "cam",
        payload: { width: 160, height: 90, format: "bgr24" },
        meta: { epoch: 1 },
      });
      // Pictures that came before the first look may be given up, with their numbers.
      const { frame_idx } = first!.payload;
      expect(first!.meta).toMatchObject({ frame_idx, idempotency_key: `frame:cam:1:${frame_idx}` });
      expect(camera.run.metric("frames_held")).toBe(0);
    });
  }

  test("goes on with its numbers in a new epoch when the connection breaks, though ffmpeg calls that a success", async () => {
    await using camera = await setup();
    await pictures(camera.run, 5);
    camera.server.cut();
    await camera.run.until("a second epoch", () => camera.run.packets.at(-1)!.meta.epoch === 2);
    const at = camera.run.packets.findIndex(({ meta }) => meta.epoch === 2);
    const numbers = camera.run.packets.map(({ meta }) => meta.frame_idx as number);
    expect(numbers[at]!).toBeGreaterThan(numbers[at - 1]!);
    const keys = camera.run.packets.map(({ meta }) => meta.idempotency_key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys[at]).toMatch(/^frame:cam:[0-9a-z]{8}-2:\d+$/);
  }, 30_000);

  test("opens again when the stream goes silent in its middle", async () => {
    await using camera = await setup();
    await pictures(camera.run, 5);
    camera.server.illness = "half_open";
    await camera.run.until("a loss", () => camera.run.metric("losses_total") > 0);
    camera.server.illness = "none";
    await camera.run.until("pictures again", () => camera.run.metric("epoch") === 2);
  }, 30_000);

  test("finds a camera again that took connections and said nothing", async () => {
    await using camera = await setup({ illness: "mute" });
    await camera.run.lost("silent");
    camera.server.illness = "none";
    await pictures(camera.run, 1);
  }, 30_000);

  test("finds a camera again that answers OPTIONS and nothing else", async () => {
    await using camera = await setup({ illness: "options_only" });
    await camera.run.lost("silent");
    camera.server.illness = "none";
    await pictures(camera.run, 1);
  }, 30_000);

  test("outlives noise in the place of pictures", async () => {
    await using camera = await setup();
    await pictures(camera.run, 5);
    camera.server.illness = "garbage";
    await camera.run.until("a loss", () => camera.run.metric("losses_total") > 0);
    camera.server.illness = "none";
    await camera.run.until("pictures again", () => camera.run.metric("epoch") === 2);
  }, 40_000);

  test("keeps the size of its pictures when the camera changes it, until it opens again", async () => {
    await using camera = await setup();
    await pictures(camera.run, 5);
    camera.server.play(large);
    await camera.run.until("a second of pictures more", () => camera.run.packets.length >= 35);
    expect(new Set(camera.run.packets.map(({ payload }) => payload.width))).toEqual(new Set([320]));
    camera.server.cut();
    await camera.run.until("the new size", () => camera.run.packets.at(-1)!.payload.width === 640);
    expect(camera.run.packets.at(-1)!.meta.epoch).toBe(2);
  }, 40_000);

  for (const scheme of ["basic", "digest"] as const) {
    test(`logs in by ${scheme}, and tells a wrong password without telling it`, async () => {
      const login = { scheme, user: "admin", password: "hunt@r/22#x" };
      const given = { user: "admin", password: "hunt@r/22#x" };
      await using right = await setup({ login }, given);
      await pictures(right.run, 1);
      await using wrong = await setup({ login }, { ...given, password: "hunt@r/23#y" });
      await wrong.run.lost("password");
      for (const run of [right.run, wrong.run]) expect(run.text()).not.toMatch(/hunt|%2F2/);
    }, 30_000);
  }

  test("tells the password in no error, wherever ffmpeg or the system repeats its arguments", async () => {
    const url = "rtsp://admin:hunter22@127.0.0.1:1/yard";
    const config = { ...QUICK, url, reconnect: false };
    await using refused = new CameraRun(rtspSource, config);
    await refused.until("an error", () => refused.error !== undefined);
    expect(refused.error!.message).toContain("Connection refused");
    await using unstartable = new CameraRun(rtspSource, config, {
      spawn: ({ argv }) => {
        throw new Error(`cannot start ${argv.join(" ")}`);
      },
    });
    await unstartable.until("an error", () => unstartable.error !== undefined);
    expect(unstartable.error!.message).toContain("cannot start");
    for (const { error } of [refused, unstartable]) expect(error!.message).not.toContain("hunter22");
  });

  test("names an unknown host, a closed port, a wrong path and a service that is not RTSP", async () => {
    await using path404 = await setup({}, {});
    await using wrongPath = new CameraRun(rtspSource, { ...QUICK, url: `${path404.server.url}x` });
    await wrongPath.lost("path");
    await using unknown = new CameraRun(rtspSource, { ...QUICK, url: "rtsp://nosuch.invalid/yard" });
    await unknown.lost("name");
    await using closed = new CameraRun(rtspSource, { ...QUICK, url: "rtsp://127.0.0.1:1/yard" });
    await closed.lost("refused");
    using web = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("no camera") });
    await using wrongPort = new CameraRun(rtspSource, { ...QUICK, url: `rtsp://127.0.0.1:${web.port}/yard` });
    await wrongPort.until("a reason", () => wrongPort.logged.some(({ fields }) => fields?.reason !== undefined));
    expect(wrongPort.logged.at(-1)!.fields!.reason).toBeOneOf(["not_rtsp", "path"]);
  }, 30_000);

  test("says that a camera has no UDP, or that UDP does not come through", async () => {
    await using none = await setup({ transports: ["tcp"] }, { transport: "udp" });
    await none.run.lost("transport");
    await using blocked = await setup({ illness: "no_udp_data" }, { transport: "udp" });
    await blocked.run.until("a loss", () => blocked.run.metric("losses_total") > 0);
    expect(blocked.run.packets).toEqual([]);
  }, 40_000);

  test("goes on reading while nobody takes its pictures, and then gives the newest", async () => {
    await using camera = await setup({}, { frames: 4 });
    const { promise: rested, resolve: goOn } = Promise.withResolvers<void>();
    camera.run.resting = rested;
    await pictures(camera.run, 1);
    await camera.run.until("a second of pictures given up", () => camera.run.metric("dropped_not_taken_total") >= 25);
    goOn();
    await pictures(camera.run, 4);
    const numbers = camera.run.packets.map(({ meta }) => meta.frame_idx as number);
    expect(numbers[2]! - numbers[0]!).toBeGreaterThan(25);
    expect(camera.run.metric("losses_total")).toBe(0);
  }, 20_000);

  test("goes on reading while the graph holds every picture, and counts what had no place", async () => {
    await using camera = await setup({}, { frames: 2 });
    camera.run.holding = true;
    await pictures(camera.run, 2);
    await camera.run.until("a second without a place", () => camera.run.metric("dropped_no_free_frame_total") >= 25);
    expect(camera.run.packets.length).toBeLessThanOrEqual(2);
    expect(camera.run.metric("frames_held")).toBe(2);
    for (const packet of camera.run.packets.slice(0, 2)) camera.run.source.ack!(packet);
    camera.run.holding = false;
    await pictures(camera.run, 5);
    expect(camera.run.metric("losses_total")).toBe(0);
  }, 20_000);
});

import { describe, expect, test } from "bun:test";
import { isExpectedOffline } from "../../../src/media/live/expected_offline.ts";
import type { LivePlan } from "../../../src/media/live/live_source.ts";
import { ScriptedCamera, settled } from "./scripted_camera.ts";

const REFUSED = { fail: "ffmpeg ended with code 1: Connection refused" };

describe("a camera that is away for an hour", () => {
  async function hour(changes: Partial<LivePlan> = {}) {
    const camera = new ScriptedCamera(changes);
    await settled();
    await camera.pass(5_000);
    camera.found = REFUSED;
    camera.reachable = false;
    await camera.cut();
    const lostMs = camera.nowMs;
    await camera.pass(3_600_000, 250);
    return { camera, lostMs };
  }

  test("has ffmpeg started at most once a minute, and fills no log", async () => {
    const { camera, lostMs } = await hour();
    const starts = camera.starts.filter((at) => at >= lostMs);
    expect(starts.length).toBeGreaterThan(20);
    expect(starts.length).toBeLessThanOrEqual(60);
    const gaps = starts.slice(1).map((at, index) => at - starts[index]!);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(60_000);
    expect(camera.context.logged.length).toBeLessThanOrEqual(10);
    expect(camera.logged("warn")).toEqual(["camera lost, trying again", "camera still away, for another reason"]);
    await camera.stop();
  });

  test("is asked for at most every 5 s once it has been away for long", async () => {
    const { camera, lostMs } = await hour();
    const probes = camera.probes.filter((at) => at > lostMs + 60_000);
    const gaps = probes.slice(1).map((at, index) => at - probes[index]!);
    expect(probes.length).toBeGreaterThan(600);
    expect(probes.length).toBeLessThanOrEqual(760);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(5_250);
    await camera.stop();
  });

  test("gives pictures again within 15 s of being back, whatever the backoff is at", async () => {
    const { camera } = await hour();
    const before = camera.got.length;
    [camera.found, camera.reachable] = ["pictures", true];
    const backMs = camera.nowMs;
    await camera.pass(15_000);
    expect(camera.got.length).toBeGreaterThan(before);
    expect(camera.got[before]!.atMs - backMs).toBeLessThanOrEqual(5_500);
    expect(camera.got[before]!.epoch).toBe(2);
    expect(camera.logged("info").at(-1)).toBe("camera gives pictures");
    await camera.stop();
  });

  test("is no warning when it was expected", async () => {
    const { camera } = await hour({ expectedOffline: () => true });
    expect(camera.logged("warn")).toEqual([]);
    expect(camera.logged("info")).toContain("camera lost, trying again (expected)");
    await camera.stop();
  });
});

describe("a live source", () => {
  test("counts an end that ffmpeg calls a success as a loss, and opens again", async () => {
    const camera = new ScriptedCamera();
    await settled();
    await camera.cut();
    expect(camera.source.counts.losses_total).toBe(1);
    await camera.pass(2_000);
    expect(camera.got.map(({ epoch }) => epoch)).toEqual([1, 2]);
    await camera.stop();
  });

  test("is soon there again, each time, when the camera breaks off again and again and answers all the while", async () => {
    const camera = new ScriptedCamera();
    await settled();
    for (let cut = 0; cut < 30; cut++) {
      const lostMs = camera.nowMs;
      await camera.cut();
      while (camera.source.state !== "streaming") await camera.pass(100);
      expect(camera.nowMs - lostMs).toBeLessThanOrEqual(3_100);
    }
    expect(camera.source.epoch).toBe(31);
    await camera.stop();
  });

  test("ends ffmpeg and opens again when no picture comes for so long", async () => {
    const camera = new ScriptedCamera();
    await settled();
    await camera.pass(9_900);
    expect(camera.starts).toHaveLength(1);
    await camera.pass(200);
    expect(camera.source.counts.stalls_total).toBe(1);
    expect(camera.open).toBe(0);
    await camera.pass(2_000);
    expect(camera.starts).toHaveLength(2);
    await camera.stop();
    expect(camera.open).toBe(0);
  });

  test("does not take the time in which nobody asks for a picture for a stall", async () => {
    const camera = new ScriptedCamera();
    await settled();
    for (let second = 0; second < 60; second++) {
      await camera.pass(1_000);
      await camera.picture();
    }
    expect(camera.source.counts.losses_total).toBe(0);
    expect(camera.got).toHaveLength(61);
    await camera.stop();
  });

  test("gives the first picture more time than the ones behind it, as a group of pictures may be long", async () => {
    const camera = new ScriptedCamera();
    await settled();
    camera.found = "late";
    await camera.cut();
    await camera.pass(25_000);
    expect(camera.starts).toHaveLength(2);
    await camera.pass(6_000);
    expect(camera.source.counts.stalls_total).toBe(1);
    await camera.stop();
  });

  test("looks longer, at once, when a short look finds no stream", async () => {
    const camera = new ScriptedCamera({}, { found: { fail: "Could not find codec parameters for stream 0" } });
    await settled();
    expect(camera.fast).toEqual([true, false]);
    expect(camera.starts).toEqual([0, 0]);
    await camera.stop();
  });

  test("waits by its backoff for a camera that answers and gives no stream, up to a minute", async () => {
    const camera = new ScriptedCamera();
    await settled();
    camera.found = { fail: "method DESCRIBE failed: 404 Not Found" };
    await camera.cut();
    await camera.pass(3_600_000, 250);
    const starts = camera.starts.length - 1;
    expect(starts).toBeGreaterThan(60);
    expect(starts).toBeLessThan(200);
    expect(camera.context.logged.length).toBeLessThanOrEqual(10);
    await camera.stop();
  });

  const WRONG = { fail: "method DESCRIBE failed: 401 Unauthorized" };

  test("tries a wrong password seldom, as cameras lock accounts", async () => {
    const camera = new ScriptedCamera({}, { found: WRONG });
    await settled();
    await camera.pass(3_600_000, 500);
    // After 1, 2, 4 and 8 minutes, then every 10.
    expect(camera.starts.map((at) => at / 60_000)).toEqual([0, 1, 3, 7, 15, 25, 35, 45, 55]);
    await camera.stop();
  });

  test("tries a password that was right at once, as cameras refuse it while they start up", async () => {
    const camera = new ScriptedCamera();
    await settled();
    camera.found = WRONG;
    await camera.cut();
    await camera.pass(10_000);
    camera.found = "pictures";
    // One by the loss, one that is told the password is wrong; from the second one on it waits.
    expect(camera.starts.length).toBe(3);
    await camera.pass(240_000);
    expect(camera.source.epoch).toBe(2);
    await camera.stop();
  });

  test("opens again when the same pixels come for too long, and less and less often when they stay", async () => {
    const camera = new ScriptedCamera({ frozenMs: 60_000 });
    await settled();
    await camera.picture(1);
    for (let second = 0; second < 400; second++) {
      await camera.pass(1_000);
      await camera.picture(1);
    }
    // After 60 s, then 120 s: a third time would be after 240 s more.
    expect(camera.source.counts.freezes_total).toBe(2);
    expect(camera.logged("warn")).toContain("camera lost, trying again");
    await camera.stop();
  });

  test("never takes a scene for frozen in which something moves", async () => {
    const camera = new ScriptedCamera({ frozenMs: 5_000 });
    await settled();
    for (let second = 0; second < 120; second++) {
      await camera.pass(1_000);
      await camera.picture(second % 256);
    }
    expect(camera.source.counts.freezes_total).toBe(0);
    await camera.stop();
  });

  test("ends with an error, by the predecessor's rule, after so many tries", async () => {
    const policy = { reconnect: true, backoffMs: 100, backoffMaxMs: 30_000, maxAttempts: 3, jitter: false, restMs: 0 };
    const camera = new ScriptedCamera({ policy }, { found: REFUSED });
    camera.reachable = false;
    await settled();
    await camera.pass(1_000, 10);
    expect((await camera.ended)?.message).toContain("in 3 tries");
    expect(camera.starts).toEqual([0, 100, 300]);
  });

  test("ends with an error at the first loss without reconnect", async () => {
    const policy = { reconnect: false, backoffMs: 1_000, backoffMaxMs: 1_000, maxAttempts: 0, jitter: true, restMs: 0 };
    const camera = new ScriptedCamera({ policy });
    await settled();
    await camera.cut();
    expect((await camera.ended)?.message).toContain("rtsp://cam/1");
    expect(camera.starts).toHaveLength(1);
  });

  test("leaves no timer and no decoder behind when it is stopped, in any state", async () => {
    for (const found of ["pictures", "hangs", "late", REFUSED] as const) {
      const camera = new ScriptedCamera();
      await settled();
      camera.found = found;
      await camera.cut();
      await camera.pass(3_000);
      await camera.stop();
      expect([camera.context.clock.pending, camera.open]).toEqual([0, 0]);
    }
  });
});

describe("hours in which a camera may be away", () => {
  const at = (day: number, hour: number, minute = 0) => new Date(2026, 0, day, hour, minute).getTime();
  const night = [{ from: "22:00", to: "06:00" }];

  test("go on over midnight", () => {
    expect([21, 22, 23].map((hour) => isExpectedOffline(night, at(5, hour)))).toEqual([false, true, true]);
    expect([0, 5, 6].map((hour) => isExpectedOffline(night, at(6, hour)))).toEqual([true, true, false]);
  });

  test("belong to the day on which they begin", () => {
    // 2026-01-09 is a Friday.
    const friday = [{ from: "22:00", to: "06:00", days: ["fri" as const] }];
    expect(isExpectedOffline(friday, at(9, 23))).toBeTrue();
    expect(isExpectedOffline(friday, at(10, 3))).toBeTrue();
    expect(isExpectedOffline(friday, at(10, 23))).toBeFalse();
    expect(isExpectedOffline(friday, at(9, 3))).toBeFalse();
  });

  test("are all or none for a flag", () => {
    expect([true, false].map((flag) => isExpectedOffline(flag, at(5, 12)))).toEqual([true, false]);
  });
});

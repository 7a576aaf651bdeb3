import { describe, expect, test } from "bun:test";
import { drillOf } from "../support/planted.ts";

describe("the drill", () => {
  test("passes a program that keeps its promise, and counts its duplicates", async () => {
    const { found, failures } = await drillOf("honest", "kill");
    expect(failures).toEqual([]);
    expect(found).toMatchObject({ rounds: 5, lost: 0, corrupted: 0, outOfOrder: 0, waiting: 0, dead: 0 });
    expect(found.acknowledged).toBeGreaterThanOrEqual(500);
    expect(found.firstDeliveryMs?.count).toBe(5);
    expect(found.bound95).toBeCloseTo(3 / found.acknowledged, 9);
  }, 30_000);

  test("finds what a kill -9 takes from a program that acknowledges before it writes", async () => {
    const { found, failures } = await drillOf("forgets", "kill");
    expect(found.lost).toBeGreaterThan(0);
    expect(failures[0]).toStartWith("kill: ");
    expect(found.lostKeys[0]).toMatch(/^kill_\w+\.\d+\.\d+$/);
  }, 30_000);

  test("finds packets that overtake one another", async () => {
    expect((await drillOf("overtakes", "kill", { kills: 1 })).found.outOfOrder).toBeGreaterThan(0);
  }, 30_000);

  test("finds a payload that was changed on its way", async () => {
    expect((await drillOf("alters", "kill", { kills: 1 })).found.corrupted).toBeGreaterThan(0);
  }, 30_000);

  test("finds packets that are acknowledged and never come, without any crash", async () => {
    const { found } = await drillOf("blind", "kill", { kills: 1 });
    expect(found.lost).toBeGreaterThan(100);
  }, 60_000);
});

import { expect } from "bun:test";
import { needs } from "../support/part.ts";
import { drillOf } from "../support/planted.ts";

needs("power_cut")(
  "a power cut passes a program that syncs before it acknowledges",
  async () => {
    const { found, failures } = await drillOf("honest", "power_cut");
    expect(failures).toEqual([]);
    expect(found).toMatchObject({ rounds: 4, lost: 0 });
  },
  30_000,
);

needs("power_cut")(
  "a power cut finds what is written and not synced",
  async () => {
    expect((await drillOf("unsynced", "power_cut")).found.lost).toBeGreaterThan(0);
  },
  30_000,
);

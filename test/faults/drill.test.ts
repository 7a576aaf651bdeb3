import { describe, expect } from "bun:test";
import { binary, runCommand } from "../support/binary.ts";
import { needs, type PartName } from "../support/part.ts";

interface Counted {
  fault: string;
  skipped?: string;
  broken?: string;
  rounds: number;
  acknowledged: number;
  lost: number;
  told: number;
  corrupted: number;
  outOfOrder: number;
  waiting: number;
  dead: number;
  deaths: { end: string; lastWords: string }[];
}

/** The shipped binary drills its own demo graph; gives the one fault it was asked for. */
async function drilled(fault: string, ...args: string[]): Promise<Counted> {
  const command = [binary(), "drill", "--demo", "--json", "--faults", fault, ...args];
  const { code, stdout, stderr } = await runCommand(command, { timeoutMs: 240_000 });
  expect(stdout, stderr).toStartWith("{");
  const { faults, failures, seed } = JSON.parse(stdout);
  // The seed is in the message of a failure: `schnitzel drill --demo --seed N --keep DIR` shows it again.
  expect({ seed, failures, code }).toEqual({ seed, failures: [], code: 0 });
  return faults[0];
}

describe("the demo graph loses nothing that it acknowledged", () => {
  /** 95 % sure of less than 0.01 %. */
  const ENOUGH = 30_000;
  const each: [fault: string, parts: PartName[], args: string[], expected: Partial<Counted>][] = [
    ["kill", [], ["--kills", "100", "--packets", `${ENOUGH}`], { rounds: 100 }],
    ["power_cut", ["power_cut"], ["--cuts", "30", "--packets", `${ENOUGH}`], { rounds: 30 }],
    ["disk_full", ["disk_full"], ["--packets", "3000", "--seconds", "60"], {}],
    ["slow_disk", ["slow_disk"], ["--packets", "1000", "--seconds", "60"], {}],
    ["sink_outage", [], ["--packets", "3000", "--seconds", "60"], { rounds: 4 }],
    ["clock_jump", ["clock_jump"], ["--packets", "3000", "--seconds", "60"], { rounds: 4 }],
    ["bit_flip", [], ["--packets", "3000", "--seconds", "60"], { rounds: 8 }],
  ];
  for (const [fault, parts, args, expected] of each) {
    needs(...parts)(
      `in a drill of ${fault}`,
      async () => {
        const found = await drilled(fault, ...args);
        expect(found).toMatchObject({ ...expected, corrupted: 0, outOfOrder: 0, waiting: 0, deaths: [] });
        expect(found.lost).toBe(found.told);
        expect(found.acknowledged).toBeGreaterThanOrEqual(Number(args[args.indexOf("--packets") + 1]));
      },
      300_000,
    );
  }
});

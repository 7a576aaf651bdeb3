import * as path from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { drill } from "../../src/drill/drill.ts";
import { FAULTS } from "../../src/drill/faults/list.ts";
import { thisMachine } from "../../src/drill/machine.ts";
import { type FaultResult, failuresIn } from "../../src/drill/result.ts";
import type { DrillOptions } from "../../src/drill/settings.ts";
import { ROOT } from "./binary.ts";

/** Drills a small program with a fault of its own instead of schnitzel: the drill must see it, and only it. */
export function drillOf(planted: string, fault: string, changed: Partial<DrillOptions> = {}) {
  const program = [process.execPath, path.join(ROOT, "test/fixtures/drilled_program.ts")];
  return drillProgram(program, fault, { env: { ...process.env, PLANTED: planted }, ...changed });
}

/** Drills any program that takes the arguments of `run`, with the demo graph. */
export async function drillProgram(program: readonly string[], fault: string, changed: Partial<DrillOptions> = {}) {
  const result = await drill({
    target: {
      name: "--demo",
      file: path.join(ROOT, "src/cli/drill_demo.yaml"),
      source: { id: "in", path: "/packets" },
      sink: { id: "out" },
      comparesPayloads: true,
      headers: {},
      arguments: [],
    },
    faults: FAULTS.filter(({ name }) => name === fault),
    kills: 5,
    cuts: 4,
    packets: 500,
    seconds: 20,
    seed: 7,
    keep: undefined,
    load: { partitions: 4, fillerBytes: 100, pauseMs: 0 },
    program,
    env: process.env,
    cwd: ROOT,
    machine: thisMachine(process.env),
    clock: systemClock,
    signal: new AbortController().signal,
    progress: () => {},
    settleMs: 1_000,
    ...changed,
  });
  return { result, found: result.faults[0] as FaultResult, failures: failuresIn(result) };
}

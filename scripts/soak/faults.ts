import * as fs from "node:fs";
import type { Random } from "../../src/base/random.ts";
import { MOODS } from "../../src/drill/backend.ts";
import { fillDisk } from "../../src/drill/fill_disk.ts";
import type { Lane } from "./lane.ts";

export interface SoakFault {
  readonly name: string;
  /** Ends the process, so only a killable graph gets it. */
  readonly ends: boolean;
  inject(lane: Lane): Promise<void>;
}

/** A backlog of half a minute at the soak's rate is gone within this. */
const CATCH_UP_MS = 60_000;

async function restarted(lane: Lane, end: () => Promise<unknown>) {
  const { stage } = lane;
  const sinceMs = stage.clock.monotonicMs();
  await end();
  stage.child.start();
  await stage.recovers(sinceMs);
}

export const SOAK_FAULTS: readonly SoakFault[] = [
  { name: "kill", ends: true, inject: (lane) => restarted(lane, () => lane.stage.child.kill()) },
  { name: "restart", ends: true, inject: (lane) => restarted(lane, () => lane.stage.child.stop()) },
  {
    name: "power_cut",
    ends: true,
    inject: (lane) =>
      restarted(lane, async () => {
        const ended = lane.stage.child.kill();
        lane.disk.cut();
        await ended;
        await lane.disk.restore();
      }),
  },
  {
    name: "disk_full",
    ends: false,
    async inject({ filler, stage }) {
      fillDisk(filler);
      await stage.pause(3_000, 8_000);
      fs.rmSync(filler);
      await stage.recovers();
    },
  },
  {
    name: "freeze",
    ends: false,
    async inject({ stage }) {
      process.kill(stage.child.pid!, "SIGSTOP");
      await stage.pause(2_000, 8_000);
      process.kill(stage.child.pid!, "SIGCONT");
      await stage.recovers();
    },
  },
  {
    name: "sink_outage",
    ends: false,
    async inject({ stage }) {
      const moods = MOODS.filter((mood) => mood !== "well");
      const backlog = Math.max(stage.recorder.ledger.missing, stage.options.load.partitions);
      stage.backend.mood = moods[stage.random.uint32() % moods.length]!;
      await stage.pause(5_000, 20_000);
      stage.backend.mood = "well";
      const healedMs = stage.clock.monotonicMs();
      await stage.recovers();
      if (await stage.catchesUp(backlog, CATCH_UP_MS)) stage.caughtUpMs.push(stage.clock.monotonicMs() - healedMs);
    },
  },
];

/** A graph and what happens to it, by the seed. */
export function chooseFault(lanes: readonly Lane[], random: Random): { lane: Lane; fault: SoakFault } {
  const lane = lanes[random.uint32() % lanes.length]!;
  const faults = SOAK_FAULTS.filter(({ ends }) => lane.killable || !ends);
  return { lane, fault: faults[random.uint32() % faults.length]! };
}

import * as path from "node:path";
import { defineFault } from "../fault.ts";
import { cannotMount, missing } from "../machine.ts";
import { PowerDisk } from "../power_disk.ts";

/** After the first delivery of a life. */
const [MIN_MS, MAX_MS] = [50, 700];

export const powerCut = defineFault({
  name: "power_cut",
  what: "the disk of the state directory loses its power (ext4, FS_IOC_SHUTDOWN), every fourth time while the backend is away; journal replay, started again",
  cannot: (machine) =>
    cannotMount(machine) ??
    (machine.hasLoopDevices ? missing(machine, ["mkfs.ext4"]) : "there are no loop devices (/dev/loop-control)"),
  async prepare(folder) {
    const disk = await PowerDisk.create(folder);
    return { folder, state: path.join(disk.folder, "state"), before: [], env: {}, disk };
  },
  async inject(stage, { disk }) {
    const { child, clock, options } = stage;
    while (stage.rounds < options.cuts && stage.goesOn) {
      await stage.flows(MIN_MS, MAX_MS);
      stage.mark("power cut");
      const cutMs = clock.monotonicMs();
      const ended = child.kill();
      disk.cut();
      await ended;
      await disk.restore();
      stage.backend.mood = "well";
      child.start();
      stage.rounds += 1;
      await stage.recovers(cutMs);
    }
  },
});

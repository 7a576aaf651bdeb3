import * as fs from "node:fs";
import * as path from "node:path";
import { defineFault } from "../fault.ts";
import { fillDisk } from "../fill_disk.ts";
import { cannotMount } from "../machine.ts";
import { program } from "../program.ts";

/** Above the reserve a durable edge keeps free (64 MiB) and its ballast, so that it works while nothing fills it. */
const DISK_MIB = 320;
const ROUNDS = 4;

export const diskFull = defineFault({
  name: "disk_full",
  what: "another program fills the disk of the state directory to the last byte; later the space is free again",
  buriesNone: true,
  cannot: cannotMount,
  async prepare(folder) {
    const disk = path.join(folder, "disk");
    fs.mkdirSync(disk);
    await program(["mount", "-t", "tmpfs", "-o", `size=${DISK_MIB}m`, "schnitzel-drill", disk]);
    return { folder, state: path.join(disk, "state"), before: [], env: {}, filler: path.join(disk, "filler") };
  },
  async inject(stage, { filler }) {
    for (let round = 0; round < ROUNDS && stage.goesOn; round++) {
      await stage.pause(300, 800);
      stage.mark("disk full");
      fillDisk(filler);
      // The sink stops in every other round: the queue is at its longest when nothing can be written.
      if (round % 2 === 1) stage.backend.mood = "unavailable";
      await stage.pause(1_000, 3_000);
      stage.backend.mood = "well";
      stage.mark("disk free");
      fs.rmSync(filler);
      stage.rounds += 1;
      await stage.recovers();
    }
  },
});

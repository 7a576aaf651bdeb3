import type { Fault } from "../fault.ts";
import { bitFlip } from "./bit_flip.ts";
import { clockJump } from "./clock_jump.ts";
import { diskFull } from "./disk_full.ts";
import { kill } from "./kill.ts";
import { powerCut } from "./power_cut.ts";
import { sinkOutage } from "./sink_outage.ts";
import { slowDisk } from "./slow_disk.ts";

/** Every fault, in the order a drill injects them. */
export const FAULTS: readonly Fault[] = [kill, powerCut, diskFull, slowDisk, sinkOutage, clockJump, bitFlip];

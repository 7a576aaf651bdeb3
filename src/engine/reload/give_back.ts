import type { PacketOutcome } from "../../node/index.ts";
import { RootOutcome } from "../outcome.ts";
import type { Affected } from "./affected.ts";

/**
 * Lets calls that wait for the outside to come back end, where their packet is a row of a durable edge: it stays there,
 * uncounted, and the node of the new graph gets it. A reload is what mends an address that nobody answers at, and such
 * calls would wait until somebody does. Other packets have nobody to come again from, and are waited for.
 */
export function giveBack({ drained, halted }: Affected, now: boolean) {
  for (const { delivered } of [...drained, ...halted]) delivered?.giveBack(now ? comesAgain : undefined);
}

const comesAgain = (outcome: PacketOutcome) => outcome instanceof RootOutcome && RootOutcome.callOf(outcome).root.keeps;

import * as fs from "node:fs";
import * as path from "node:path";
import type { Random } from "../../base/random.ts";
import { defineFault } from "../fault.ts";
import { plainPlace } from "../place.ts";
import type { Stage } from "../stage.ts";

const ROUNDS = 8;
/** Rows that wait when the bit flips: some pages of the file and of its log. */
const BACKLOG = 500;
const GATHER_MS = 15_000;

export const bitFlip = defineFault({
  name: "bit_flip",
  what: "one bit of a queue file or of its log flips while the process is away; what that destroys must be told",
  destroys: true,
  cannot: () => undefined,
  prepare: plainPlace,
  async inject(stage, place) {
    while (stage.rounds < ROUNDS && stage.goesOn) {
      await gather(stage);
      const killedMs = stage.clock.monotonicMs();
      await stage.child.kill();
      const flipped = flip(place.state, stage.random);
      stage.mark(`bit flip: ${flipped}`);
      stage.backend.mood = "well";
      stage.child.start();
      stage.rounds += 1;
      await stage.recovers(killedMs);
      // What waited is delivered, but for what the bit destroyed.
      await stage.pause(500, 800);
    }
  },
});

/** Closes the way out until a new backlog stands in the file. */
async function gather(stage: Stage) {
  const { backend, clock, recorder } = stage;
  backend.mood = "unavailable";
  const enough = recorder.ledger.missing + BACKLOG;
  const startMs = clock.monotonicMs();
  while (recorder.ledger.missing < enough && clock.monotonicMs() - startMs < GATHER_MS) await stage.pause(20, 40);
}

/** Flips a bit of a queue's file or log, chosen by size. Says which. */
function flip(state: string, random: Random): string {
  const names = [...new Bun.Glob("**/queues/*.sqlite3{,-wal}").scanSync({ cwd: state })].sort();
  const sizes = names.map((name) => fs.statSync(path.join(state, name)).size);
  let at = Math.floor(random.float() * sizes.reduce((sum, size) => sum + size, 0));
  const chosen = sizes.findIndex((size) => {
    if (at < size) return true;
    at -= size;
    return false;
  });
  if (chosen === -1) throw new Error(`Cannot flip a bit as there is no queue file in ${state}`);
  const bit = random.uint32() % 8;
  flipBit(path.join(state, names[chosen]!), at, bit);
  return `bit ${bit} of byte ${at} of ${path.basename(names[chosen]!)}`;
}

export function flipBit(file: string, at: number, bit: number) {
  const descriptor = fs.openSync(file, "r+");
  try {
    const byte = new Uint8Array(1);
    fs.readSync(descriptor, byte, 0, 1, at);
    fs.writeSync(
      descriptor,
      byte.map((value) => value ^ (1 << bit)),
      0,
      1,
      at,
    );
  } finally {
    fs.closeSync(descriptor);
  }
}

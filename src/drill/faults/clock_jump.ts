import * as fs from "node:fs";
import * as path from "node:path";
import { defineFault } from "../fault.ts";
import { plainPlace } from "../place.ts";

/** As an edge box sees them: no battery (2015), a wrong zone, a day ahead, and NTP that mends it. */
const JUMPS = ["-1h", "+1d", "@2015-01-01 00:00:00", "+0"];
const HOLD_MS = 1_200;

export const clockJump = defineFault({
  name: "clock_jump",
  what: "the wall clock jumps an hour back, a day ahead, to 2015 and to the truth, with a kill -9 at each",
  cannot: ({ faketime }) => (faketime === undefined ? "libfaketime is not installed" : undefined),
  async prepare(folder, { faketime }) {
    const clockFile = path.join(folder, "clock");
    fs.writeFileSync(clockFile, "+0");
    const env = {
      LD_PRELOAD: faketime!,
      FAKETIME_TIMESTAMP_FILE: clockFile,
      FAKETIME_NO_CACHE: "1",
      // Only the wall clock jumps, as on a real machine.
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
    return { ...(await plainPlace(folder)), env, clockFile };
  },
  async inject(stage, { clockFile }) {
    for (const jump of JUMPS) {
      if (!stage.goesOn) return;
      await stage.pause(300, 600);
      stage.mark(`clock ${jump}`);
      fs.writeFileSync(clockFile, jump);
      // Leases and waits that hang on the wall clock get stuck here, and again when it is read from the file.
      await stage.pause(HOLD_MS, 2 * HOLD_MS);
      const killedMs = stage.clock.monotonicMs();
      await stage.child.kill();
      stage.child.start();
      stage.rounds += 1;
      await stage.recovers(killedMs);
    }
  },
});

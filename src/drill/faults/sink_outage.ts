import type { Mood } from "../backend.ts";
import { defineFault } from "../fault.ts";
import { plainPlace } from "../place.ts";

const WAYS: readonly Mood[] = ["down", "unavailable", "hang", "reset"];
/** Long enough for the retries to reach their longest pause, short enough for all four ways in one drill. */
const [MIN_MS, MAX_MS] = [2_000, 5_000];

export const sinkOutage = defineFault({
  name: "sink_outage",
  what: "the backend is down, answers 503, hangs, resets connections; then it is back",
  buriesNone: true,
  cannot: () => undefined,
  prepare: plainPlace,
  async inject(stage) {
    const { backend, recorder } = stage;
    const limitMs = stage.options.settleMs;
    for (const mood of WAYS) {
      if (!stage.goesOn) return;
      await stage.pause(300, 600);
      const backlog = Math.max(recorder.ledger.missing, stage.options.load.partitions);
      stage.mark(`backend: ${mood}`);
      backend.mood = mood;
      await stage.pause(MIN_MS, MAX_MS);
      stage.mark("backend: well");
      backend.mood = "well";
      stage.rounds += 1;
      const healedMs = stage.clock.monotonicMs();
      await stage.recovers();
      if (await stage.catchesUp(backlog, limitMs)) stage.caughtUpMs.push(stage.clock.monotonicMs() - healedMs);
      else stage.remarks.push(`${mood}: the backlog did not go within ${limitMs / 1_000} s`);
    }
  },
});

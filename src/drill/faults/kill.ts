import { defineFault } from "../fault.ts";
import { plainPlace } from "../place.ts";

/** After the first delivery of a life: into start-up work, into the first commits, into the full flow. */
const [MIN_MS, MAX_MS] = [20, 400];

export const kill = defineFault({
  name: "kill",
  what: "kill -9 at a random instant, every fourth time while the backend is away, and started again at once",
  cannot: () => undefined,
  prepare: plainPlace,
  async inject(stage) {
    const { child, clock, options } = stage;
    while (stage.rounds < options.kills && stage.goesOn) {
      await stage.flows(MIN_MS, MAX_MS);
      stage.mark("kill -9");
      const killedMs = clock.monotonicMs();
      await child.kill();
      stage.backend.mood = "well";
      child.start();
      stage.rounds += 1;
      await stage.recovers(killedMs);
    }
  },
});

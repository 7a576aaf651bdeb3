import { defineFault } from "../fault.ts";
import { missing } from "../machine.ts";
import { plainPlace } from "../place.ts";

/** A worn SD card: 5 ms are good days. */
const DELAY_MS = 20;
const KILLS = 3;
const [MIN_MS, MAX_MS] = [1_500, 3_000];

export const slowDisk = defineFault({
  name: "slow_disk",
  what: `every sync takes ${DELAY_MS} ms longer, with a kill -9 now and then`,
  cannot: (machine) => (machine.platform === "linux" ? missing(machine, ["strace"]) : "strace is for Linux alone"),
  async prepare(folder, machine) {
    // -D: strace stands aside, so the process that was started is the graph itself and can be killed by its pid.
    const watched = ["-D", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync"];
    const delay = ["-e", `inject=fsync,fdatasync:delay_enter=${DELAY_MS * 1_000}`];
    return { ...(await plainPlace(folder)), before: [machine.which("strace")!, ...watched, ...delay, "--"] };
  },
  async inject(stage) {
    stage.mark("slow from the start");
    for (; stage.rounds < KILLS && stage.goesOn; stage.rounds++) {
      await stage.pause(MIN_MS, MAX_MS);
      stage.mark("kill -9");
      const killedMs = stage.clock.monotonicMs();
      await stage.child.kill();
      stage.child.start();
      await stage.recovers(killedMs);
    }
  },
});

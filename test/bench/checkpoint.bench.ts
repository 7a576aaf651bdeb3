import { runOn, withState } from "./durable.bench.ts";
import { megabytes, type Row } from "./measure.ts";

const KEYS = 100_000;
/** At 15,000 packets a second all keys are there after seven. */
const FILL_SECONDS = 15;
/** Twice a second, so the p99 is one of more than 100. */
const SECONDS = 60;

/** How long the sources of a graph with 100,000 keys in a window stand still for a checkpoint, while packets come. */
export async function checkpoint(): Promise<Row[]> {
  const { checkpoints } = await withState((dir) => {
    runOn(dir, "checkpoint", "--max-seconds", `${FILL_SECONDS}`);
    // It goes on with all keys, so every pause that is measured is one of all of them.
    return runOn(dir, "checkpoint", "--max-seconds", `${SECONDS}`);
  });
  const { pause_ms, duration_ms, taken, state_bytes, restored } = checkpoints!;
  if (restored === 0) throw new Error("the second run had none of the keys");
  return [
    {
      what: `checkpoint of a window with ${KEYS.toLocaleString("en-US")} keys, ${megabytes(state_bytes)}, at 15,000 packets/s: how long sources stand still, ${taken} times`,
      figure: `p50 ${pause_ms.p50.toFixed(1)} ms, p99 ${pause_ms.p99.toFixed(1)} ms, max ${pause_ms.max.toFixed(1)} ms`,
      beside: `until it is on the disk p50 ${duration_ms.p50.toFixed(0)} ms, p99 ${duration_ms.p99.toFixed(0)} ms`,
      reach: "p99 < 50 ms",
      ok: pause_ms.p99 < 50,
      command: "schnitzel run graphs/checkpoint.yaml",
    },
  ];
}

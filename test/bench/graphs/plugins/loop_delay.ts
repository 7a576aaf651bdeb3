import { ANY, defineNode, port, v } from "schnitzel";

/** A timer every millisecond that notes how much later than that it ran: how long anything else had to wait. */
export const loopDelay = defineNode({
  name: "loop_delay",
  kind: "sink",
  doc: "Takes packets and measures the delay of the event loop meanwhile.",
  config: v.strictObject({}),
  inputs: { in: port(ANY, "Packets.") },
  outputs: {},
  examples: [],
  create() {
    const delays: number[] = [];
    let lastMs = 0;
    let seen = false;
    const timer = setInterval(() => {
      const nowMs = performance.now();
      if (seen) delays.push(Math.max(0, nowMs - lastMs - 1));
      lastMs = nowMs;
    }, 1);
    const at = (share: number) => delays.toSorted((a, b) => a - b)[Math.floor(share * (delays.length - 1))] ?? 0;
    return {
      // From the first result on: before that the model was loaded.
      process() {
        seen = true;
      },
      close: () => clearInterval(timer),
      metrics: () => ({ delay_p50_us: at(0.5) * 1e3, delay_p99_us: at(0.99) * 1e3, delay_max_us: at(1) * 1e3 }),
    };
  },
});

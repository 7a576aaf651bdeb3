import { ANY, defineNode, port, v } from "schnitzel";

/**
 * A timer that notes how much later than it should it ran: how long anything else had to wait. Why every 5 ms: half of the
 * delay that is looked for, and a fiftieth of a core; every millisecond it takes a tenth of what the other nodes do.
 */
const EVERY_MS = 5;

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
      if (seen) delays.push(Math.max(0, nowMs - lastMs - EVERY_MS));
      lastMs = nowMs;
    }, EVERY_MS);
    return {
      // From the first result on: before that the model was loaded.
      process() {
        seen = true;
      },
      close: () => clearInterval(timer),
      metrics() {
        delays.sort((a, b) => a - b);
        const us = (share: number) => (delays[Math.floor(share * (delays.length - 1))] ?? 0) * 1e3;
        return { delay_p50_us: us(0.5), delay_p99_us: us(0.99), delay_max_us: us(1) };
      },
    };
  },
});

import * as v from "valibot";
import { ANY, defineNode, port } from "../../node/index.ts";

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));

export const rateLimit = defineNode({
  name: "rate_limit",
  kind: "policy",
  doc: `Passes at most \`limit\` packets per window for each source; the rest leaves by \`excess\`.

Nothing is discarded here, so the graph decides what happens to the excess. Windows follow the clock, not event
time, and are fixed, not sliding: two bursts of \`limit\` packets can meet at a window boundary.

A packet that comes again from a durable edge counts again, and may then be over the limit: nodes that count packets
belong before the durable edge.`,
  config: v.strictObject({
    limit: v.pipe(positive, v.description("Packets passed per source and window.")),
    window_ms: v.pipe(v.optional(positive, 1_000), v.description("Window length.")),
    max_sources: v.pipe(
      v.optional(positive, 4_096),
      v.description("Sources tracked; the one whose window opened first makes room for another."),
    ),
  }),
  inputs: { in: port(ANY, "Packets to limit.") },
  passes: true,
  outputs: { out: port(ANY, "Within the limit."), excess: port(ANY, "Over the limit.") },
  examples: [
    {
      title: "The limit counts each source on its own",
      config: { limit: 1 },
      input: ["cam01", "cam01", "cam02"],
      output: { out: ["cam01", "cam02"], excess: ["cam01"] },
    },
  ],
  create({ limit, window_ms, max_sources }, { clock }) {
    /** In the order in which the windows opened. */
    const windows = new Map<string, { openedAtMs: number; passed: number }>();
    let forgotten = 0;
    const open = (sourceId: string, openedAtMs: number) => {
      windows.delete(sourceId);
      // A faulty sensor can invent source ids without end, so the oldest one makes room.
      if (windows.size >= max_sources) {
        windows.delete(windows.keys().next().value!);
        forgotten += 1;
      }
      const window = { openedAtMs, passed: 0 };
      windows.set(sourceId, window);
      return window;
    };
    return {
      process(packet, emit) {
        const nowMs = clock.monotonicMs();
        let window = windows.get(packet.source_id);
        if (window === undefined || nowMs - window.openedAtMs >= window_ms) window = open(packet.source_id, nowMs);
        if (window.passed >= limit) return emit.excess(packet);
        window.passed += 1;
        emit.out(packet);
      },
      metrics: () => ({ sources: windows.size, sources_forgotten_total: forgotten }),
    };
  },
});

import { ANY, defineNode, type Port, port } from "../../node/index.ts";
import { eventTimeMs } from "../../packet/index.ts";
import { packetKey } from "./packet_key.ts";
import { type WindowConfig, windowConfig, windowIssues } from "./window_config.ts";
import { Windows } from "./windows.ts";

const at = (second: number, celsius: unknown, source_id = "bed") => ({
  ts: new Date(Date.UTC(2026, 0, 1) + second * 1_000).toISOString(),
  source_id,
  payload: { celsius },
});

export const windowAggregate = defineNode({
  name: "window_aggregate",
  kind: "compute",
  stateVersion: 1,
  doc: `Counts and measures the packets of each key in windows of event time, such as a mean per sensor and minute.

A window is half-open: a packet at its very end belongs to the next one. It gives its result when the watermark reaches
its end, so when nothing older is expected ([time and state](../time-and-state.md)); the order of the packets before that
does not matter. Results leave by the end of their windows, and of windows that end together by key.

A result is \`{ key, window: { start, end }, count, …, final, firing }\` with one field for each of \`aggregates\`. Its
\`ts\` is the end of the window, which is when it became true, so that what follows may use it as a packet that is not
late; its \`source_id\` is the key, so that what follows tells keys apart as it does sensors. \`firing\` counts the
results of a window; \`final\` is false before its end. \`meta.idempotency_key\` is made of node, key, window and
\`firing\`, so a result that comes again after a crash is known as the same.

A packet is late when every window it belongs to is over, \`allowed_lateness\` included; it leaves by \`late\` as it
came. A value that is missing, null, NaN or no number is left out and counted in \`skipped\`; a packet without its key
is a dead letter. \`approximate\` names the fields that are not exact: a percentile of more than \`exact\` values comes
of a t-digest, \`distinct\` and \`collect\` stop at \`max_items\`. A field without any value is null, a sum is 0.

With \`close_oldest\` a key that makes room gives its windows as they are, with \`cut: true\`; when it comes back, they
begin again. A sliding window is added up anew for each result, which costs as many additions as it has packets.`,
  config: windowConfig,
  inputs: { in: port(ANY, "Packets to measure.") },
  passes: true,
  outputs: ({ kind }: WindowConfig): { out: Port; late: Port; refused: Port } => ({
    out: port(kind, "Results.", "json_portable"),
    late: port(ANY, "Packets whose windows are over, unchanged."),
    refused: port(ANY, "Packets for which there is no room, unchanged."),
  }),
  examples: [
    {
      title: "Mean and maximum of each minute",
      config: {
        window: { type: "tumbling", size: "1m" },
        aggregates: { mean: { fn: "mean", of: "celsius" }, max: { fn: "max", of: "celsius" } },
      },
      input: [at(0, 20), at(59, 22), at(60, 30)],
      output: {
        out: [
          {
            ts: "2026-01-01T00:01:00.000Z",
            source_id: "bed",
            payload: {
              key: "bed",
              window: { start: "2026-01-01T00:00:00.000Z", end: "2026-01-01T00:01:00.000Z" },
              count: 2,
              mean: 21,
              max: 22,
              final: true,
              firing: 1,
            },
            meta: { idempotency_key: "node/bed/2026-01-01T00:00:00.000Z/2026-01-01T00:01:00.000Z/1" },
          },
          {
            ts: "2026-01-01T00:02:00.000Z",
            payload: {
              key: "bed",
              window: { start: "2026-01-01T00:01:00.000Z", end: "2026-01-01T00:02:00.000Z" },
              count: 1,
              mean: 30,
              max: 30,
              final: true,
              firing: 1,
            },
          },
        ],
      },
    },
    {
      title: "Visits: a session ends after ten seconds of silence",
      config: {
        window: { type: "session", gap: "10s" },
        aggregates: { seen: { fn: "distinct", of: "celsius" }, spread: { fn: "expression", cel: "payload.seen * 2" } },
      },
      input: [at(0, 1), at(8, 2), at(18, 2)],
      output: {
        out: [
          {
            payload: {
              key: "bed",
              window: { start: "2026-01-01T00:00:00.000Z", end: "2026-01-01T00:00:18.000Z" },
              count: 2,
              seen: 2,
              spread: 4,
              final: true,
              firing: 1,
            },
          },
          {
            payload: {
              key: "bed",
              window: { start: "2026-01-01T00:00:18.000Z", end: "2026-01-01T00:00:28.000Z" },
              count: 1,
              seen: 1,
              spread: 2,
              final: true,
              firing: 1,
            },
          },
        ],
      },
    },
  ],
  check: windowIssues,
  create(config, context) {
    const windows = new Windows(config, context);
    const { aggregates } = windows;
    const keyOf = packetKey(config.key);
    const setsAside = config.invalid === "dead_letter";
    const counts = { late_total: 0, refused_total: 0, invalid_total: 0 };
    return {
      process(packet, emit) {
        const timeMs = eventTimeMs(packet);
        const key = keyOf(packet);
        const skipped = aggregates.read(packet);
        if (skipped > 0) {
          counts.invalid_total += skipped;
          if (setsAside)
            throw new Error(`cannot count the packet in: no usable value at one of ${aggregates.places()}`);
        }
        const taken = windows.take(key, timeMs, skipped, emit.out);
        if (taken === "taken") return;
        counts[`${taken}_total`] += 1;
        emit[taken](packet);
      },
      advance: (watermarkMs) => windows.advance(watermarkMs),
      metrics: () => ({ ...windows.metrics(), ...counts }),
      snapshot: () => windows.snapshot(),
      restore: (state) => windows.restore(state),
    };
  },
});

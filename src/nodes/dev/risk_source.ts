import * as v from "valibot";
import { sleep } from "../../base/clock.ts";
import { PythonRandom } from "../../base/mersenne_twister.ts";
import { type ConfigIssue, defineNode, type NodeContext, port } from "../../node/index.ts";

const whole = v.pipe(v.number(), v.integer());
const atLeast = (least: number) => v.pipe(whole, v.minValue(least));
const milliseconds = v.pipe(v.number(), v.minValue(0), v.maxValue(3_600_000));
const text = v.pipe(v.string(), v.minLength(1));

const config = v.strictObject({
  source_id: v.pipe(v.optional(text, "synthetic_source"), v.description("Of the packets, and of their event ids.")),
  seed: v.pipe(
    v.optional(v.pipe(v.number(), v.safeInteger()), 0),
    v.description("Of the groups; the same seed gives the same groups."),
  ),
  total_events: v.pipe(v.optional(atLeast(0), 600), v.description("Steps; each makes one event, or a burst.")),
  event_interval_ms: v.pipe(
    v.optional(milliseconds, 10),
    v.description("Logical time between steps; nobody waits for it."),
  ),
  groups: v.pipe(
    // Why 1,024: a group is a class of events with a weight of its own, which people write down.
    v.optional(v.pipe(v.array(text), v.minLength(1), v.maxLength(1_024)), ["group_a", "group_b"]),
    v.description("What events belong to."),
  ),
  group_probs: v.pipe(
    v.optional(v.array(v.pipe(v.number(), v.minValue(0)))),
    v.description("How often each group comes, in any unit; alike when left out."),
  ),
  burst_every: v.pipe(v.optional(atLeast(0), 0), v.description("Every so many steps are a burst; 0: none.")),
  burst_size: v.pipe(
    v.optional(v.pipe(atLeast(1), v.maxValue(65_536)), 1),
    v.description("Events of a burst, all at one logical time."),
  ),
  recovery_marker_seq: v.pipe(
    v.optional(atLeast(-1), -1),
    v.description("Number of the event that is marked as the first one after an outage; -1: none."),
  ),
  outage_sleep_ms: v.pipe(v.optional(milliseconds, 0), v.description("Silence before the marked event.")),
  emit_sleep_ms: v.pipe(v.optional(milliseconds, 0), v.description("Wait after each event.")),
  signal_scale: v.pipe(v.optional(v.number(), 1), v.description("The signal runs through 0, 0.1 … 0.9 times this.")),
});

type Config = v.InferOutput<typeof config>;

export const riskSource = defineNode({
  name: "risk_source",
  kind: "source",
  doc: `Makes synthetic risk events of several groups, with bursts and an outage, for experiments with full inboxes.

The groups are drawn with the generator of Python's \`random\`, one draw per event, so a seed gives the groups it gave the
predecessor's experiments. \`meta\` has \`group_id\`, for \`weighted_drop\`, and \`emitted_mono_ns\`, from which \`bench_metrics_sink\`
counts the latency.`,
  config,
  outputs: { out: port("event", "The events.", "json_portable") },
  examples: [
    {
      title: "Every second step is a burst",
      config: { seed: 1, groups: ["a", "b"], total_events: 2, burst_every: 2, burst_size: 3, source_id: "s" },
      output: {
        out: [
          { payload: { event_id: "s:00000000", seq: 0, group_id: "a", logical_ts_ms: 0, signal: 0 } },
          { payload: { event_id: "s:00000001", seq: 1, group_id: "b", logical_ts_ms: 0, signal: 0.1 } },
          { payload: { event_id: "s:00000002", seq: 2, group_id: "b", logical_ts_ms: 0, signal: 0.2 } },
          { payload: { event_id: "s:00000003", seq: 3, group_id: "a", logical_ts_ms: 10, signal: 0.3 } },
        ],
      },
    },
  ],
  check: probabilityIssues,
  create(options, context) {
    const counts = { emitted_total: 0, expected_total: 0 };
    return { run: (signal) => events(options, context, counts, signal), metrics: () => counts };
  },
});

function probabilityIssues({ groups, group_probs }: Config): ConfigIssue[] {
  if (group_probs === undefined) return [];
  const fault =
    group_probs.length !== groups.length
      ? `must have one number for each of the ${groups.length} groups: it has ${group_probs.length}`
      : group_probs.some((share) => share > 0)
        ? undefined
        : "must not all be 0";
  return fault === undefined ? [] : [{ path: ["group_probs"], message: `group_probs ${fault}` }];
}

const isBurst = ({ burst_every }: Config, step: number) => burst_every > 0 && step % burst_every === 0;

function expected({ total_events, burst_every, burst_size }: Config): number {
  const bursts = burst_every > 0 ? Math.ceil(total_events / burst_every) : 0;
  return total_events + bursts * (burst_size - 1);
}

async function* events(
  options: Config,
  { clock, packet }: NodeContext,
  counts: { emitted_total: number; expected_total: number },
  signal: AbortSignal,
) {
  counts.expected_total = expected(options);
  const random = new PythonRandom(options.seed);
  const { source_id, groups, group_probs, recovery_marker_seq } = options;
  for (let step = 0, seq = 0; step < options.total_events; step++) {
    const size = isBurst(options, step) ? options.burst_size : 1;
    for (let one = 0; one < size && !signal.aborted; one++, seq++) {
      const isMarker = seq === recovery_marker_seq;
      if (isMarker && options.outage_sleep_ms > 0) await sleep(clock, options.outage_sleep_ms, signal);
      const group_id = groups[random.choice(groups.length, group_probs)]!;
      const event_id = `${source_id}:${String(seq).padStart(8, "0")}`;
      const logical_ts_ms = step * options.event_interval_ms;
      const payload = { event_id, seq, group_id, logical_ts_ms, signal: ((seq % 10) / 10) * options.signal_scale };
      const meta = {
        ...{ idempotency_key: event_id, group_id, emitted_mono_ns: Math.round(clock.monotonicMs() * 1e6) },
        ...(isMarker ? { recovery_marker: true } : {}),
      };
      yield packet({ kind: "event", source_id, payload, meta });
      counts.emitted_total += 1;
      if (options.emit_sleep_ms > 0) await sleep(clock, options.emit_sleep_ms, signal);
    }
  }
}

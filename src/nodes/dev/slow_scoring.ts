import * as v from "valibot";
import { sleep } from "../../base/clock.ts";
import { PythonRandom } from "../../base/mersenne_twister.ts";
import { defineNode, port } from "../../node/index.ts";
import { replace, type StreamPacket } from "../../packet/index.ts";
import { roundedTo6 } from "./python_round.ts";

const milliseconds = v.pipe(v.number(), v.minValue(0), v.maxValue(3_600_000));

const config = v.strictObject({
  delay_ms: v.pipe(v.optional(milliseconds, 1.5), v.description("How long one event takes.")),
  jitter_ms: v.pipe(v.optional(milliseconds, 0), v.description("So much more or less, evenly at random.")),
  seed: v.pipe(v.optional(v.pipe(v.number(), v.safeInteger()), 0), v.description("Of the jitter.")),
  group_delay_ms: v.pipe(
    v.optional(v.record(v.string(), milliseconds), {}),
    v.description("Another `delay_ms` for the events of single groups."),
  ),
});

/** What is scored of an event. */
const scored = v.object({ seq: v.pipe(v.number(), v.integer()), signal: v.number(), group_id: v.string() });

export const slowScoring = defineNode({
  name: "slow_scoring",
  kind: "compute",
  doc: `Scores the events of \`risk_source\`, and takes its time: a model that is too slow, for experiments with full inboxes.

\`risk_score\` is 0.75 × signal + 0.05 × (seq mod 5), \`policy_group\` the group. While an event takes its time the others wait
in the inbox, so that its \`capacity\` and \`overflow\` decide what is left out.`,
  config,
  inputs: { in: port("event", "Events with `seq`, `signal` and `group_id`.", "json_portable") },
  outputs: { out: port("event", "The same events with their score.", "json_portable") },
  examples: [
    {
      title: "One event",
      config: { delay_ms: 0 },
      input: [{ kind: "event", payload: { seq: 13, signal: 0.3, group_id: "a" } }],
      output: {
        out: [
          { kind: "event", payload: { seq: 13, signal: 0.3, group_id: "a", risk_score: 0.375, policy_group: "a" } },
        ],
      },
    },
  ],
  create({ delay_ms, jitter_ms, seed, group_delay_ms }, { clock }) {
    const random = new PythonRandom(seed);
    let processed = 0;
    return {
      async process(packet, emit) {
        const event = read(packet);
        const jitter = jitter_ms > 0 ? random.uniform(-jitter_ms, jitter_ms) : 0;
        const base = Object.hasOwn(group_delay_ms, event.group_id) ? group_delay_ms[event.group_id]! : delay_ms;
        if (base + jitter > 0) await sleep(clock, base + jitter);
        const risk_score = roundedTo6(0.75 * event.signal + 0.05 * (event.seq % 5));
        processed += 1;
        const payload = { ...(packet.payload as object), risk_score, policy_group: event.group_id };
        emit.out(replace(packet, { payload }));
      },
      metrics: () => ({ processed_total: processed }),
    };
  },
});

function read({ payload, packet_id }: StreamPacket) {
  const read = v.safeParse(scored, payload);
  if (read.success) return read.output;
  const [issue] = read.issues;
  throw new Error(`cannot score packet ${packet_id}: at payload.${v.getDotPath(issue) ?? ""}, ${issue.message}`);
}

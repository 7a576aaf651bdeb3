import * as v from "valibot";
import { ANY, type ConfigIssue, defineNode, port } from "../../node/index.ts";
import { eventTimeMs, replace, type StreamPacket } from "../../packet/index.ts";
import { duration, durationMs } from "../duration.ts";
import { numberIn, valuePath } from "./number_in.ts";
import { PidLaw, type PidState } from "./pid_law.ts";

const number = v.pipe(v.number(), v.finite());

const config = v.strictObject({
  kp: v.pipe(number, v.description("Output per unit of error; negative where more output lowers the measurement.")),
  ki: v.pipe(v.optional(number, 0), v.description("Output per unit of error and second.")),
  kd: v.pipe(v.optional(number, 0), v.description("Output per unit of change of the measurement per second.")),
  filter: v.pipe(
    v.optional(duration),
    v.description("Time constant of the filter on the derivative; a tenth of kd / kp when left out."),
  ),
  output_min: v.pipe(v.optional(number), v.description("Least output; none when left out.")),
  output_max: v.pipe(v.optional(number), v.description("Most output; none when left out.")),
  setpoint: v.pipe(v.optional(number), v.description("Setpoint until one comes in; without it nothing leaves before.")),
  start_output: v.pipe(
    v.optional(number),
    v.description("First output, from which it goes on without a bump: what the actuator has when it takes over."),
  ),
  step_on: v.pipe(
    v.optional(v.picklist(["measurement", "setpoint"]), "measurement"),
    v.description("Which packets make it act; the others are only remembered."),
  ),
  max_step: v.pipe(
    v.optional(duration, "10s"),
    v.description("Longer between two steps is a gap, over which nothing is integrated or derived."),
  ),
  value: valuePath,
  output_kind: v.pipe(v.optional(v.pipe(v.string(), v.minLength(1)), "control"), v.description("Kind of what leaves.")),
});

type Config = v.InferOutput<typeof config>;

const at = (second: number, value: number, to: string) => ({
  to,
  payload: { value },
  ts: `2026-01-01T00:00:0${second}Z`,
});

export const pid = defineNode({
  name: "pid",
  kind: "compute",
  stateVersion: 1,
  doc: `Steers a measurement to a setpoint: a PID controller, whose time steps are those of the packets' event times.

The output is \`kp·e + ki·∫e dt - kd·dm/dt\` with error e = setpoint - measurement m. The derivative is that of the
measurement, filtered, so a new setpoint gives no kick. While the output is at a limit the integral moves no further that
way (anti-windup). It takes over without a bump with \`start_output\`, and after a restart from stored state.

A packet older than the last step is left out (\`out_of_order_total\`), one of the same time moves only the proportional
part. After a gap (\`gaps_total\`) it goes on from the integral it had. A value that is no finite number is an error: the
packet becomes a dead letter, and the controller keeps what it knew.

What leaves has the id and time of the packet that made it act, and the parts of the output beside \`value\`. In a cycle with
a plant, close the cycle with an \`initial\` (the first measurement) or a \`delay\`; where a source sets the pace, such as one
setpoint per tick, \`step_on: setpoint\` keeps the cycle from turning by itself.`,
  config,
  inputs: {
    setpoint: port(ANY, "What the measurement is to be."),
    measurement: port(ANY, "What it is."),
  },
  outputs: ({ output_kind }: Config) => ({ out: port(output_kind, "One output per step.", "json_portable") }),
  examples: [
    {
      title: "Proportional and integral part, held at a limit",
      config: { kp: 2, ki: 1, output_max: 30 },
      input: [at(0, 20, "setpoint"), at(0, 10, "measurement"), at(1, 15, "measurement"), at(2, 14, "measurement")],
      output: {
        out: [
          { payload: { value: 20, setpoint: 20, measurement: 10, error: 10, p: 20, i: 0, d: 0, saturated: false } },
          { payload: { value: 15, setpoint: 20, measurement: 15, error: 5, p: 10, i: 5, d: 0, saturated: false } },
          { payload: { value: 23, setpoint: 20, measurement: 14, error: 6, p: 12, i: 11, d: 0, saturated: false } },
        ],
      },
    },
  ],
  check: limitIssues,
  create(given) {
    const law = new PidLaw(gainsOf(given));
    const { step_on, value } = given;
    let setpoint = given.setpoint;
    let measurement: number | undefined;
    const counts = { steps: 0, waiting: 0, outOfOrder: 0, saturated: 0 };
    const remember = (packet: StreamPacket, input: string) => {
      const number = numberIn(packet, value, input);
      if (input === "setpoint") setpoint = number;
      else measurement = number;
    };
    return {
      process(packet, emit, input) {
        // Looked at first: a packet without a time must change nothing.
        const timeMs = eventTimeMs(packet);
        remember(packet, input);
        if (input !== step_on) return;
        if (setpoint === undefined || measurement === undefined) {
          counts.waiting += 1;
          return;
        }
        const step = law.step(setpoint, measurement, timeMs);
        if (step === undefined) {
          counts.outOfOrder += 1;
          return;
        }
        counts.steps += 1;
        if (step.saturated) counts.saturated += 1;
        const { value: out, ...parts } = step;
        const payload = { value: out, setpoint, measurement, ...parts };
        emit.out(replace(packet, { kind: given.output_kind, payload }));
      },
      metrics: () => ({
        steps_total: counts.steps,
        waiting_total: counts.waiting,
        out_of_order_total: counts.outOfOrder,
        saturated_total: counts.saturated,
        gaps_total: law.gaps,
      }),
      snapshot: () => ({ setpoint: setpoint ?? null, measurement: measurement ?? null, law: law.state ?? null }),
      restore(state) {
        const kept = state as { setpoint: number | null; measurement: number | null; law: PidState | null };
        setpoint = kept.setpoint ?? undefined;
        measurement = kept.measurement ?? undefined;
        law.state = kept.law ?? undefined;
      },
    };
  },
});

function gainsOf({ kp, ki, kd, filter, output_min, output_max, max_step, start_output }: Config) {
  return {
    ...{ kp, ki, kd, start: start_output },
    filterSec: filter === undefined ? (kp === 0 ? 0 : Math.abs(kd / kp) / 10) : durationMs(filter) / 1_000,
    min: output_min ?? Number.NEGATIVE_INFINITY,
    max: output_max ?? Number.POSITIVE_INFINITY,
    maxStepSec: durationMs(max_step) / 1_000,
  };
}

function limitIssues({ output_min, output_max, start_output }: Config): ConfigIssue[] {
  const [min, max] = [output_min ?? Number.NEGATIVE_INFINITY, output_max ?? Number.POSITIVE_INFINITY];
  if (min >= max) {
    return [{ path: ["output_min"], message: `output_min must be below output_max (${max}): current value is ${min}` }];
  }
  if (start_output === undefined || (start_output >= min && start_output <= max)) return [];
  const message = `start_output must lie within ${min} and ${max}: current value is ${start_output}`;
  return [{ path: ["start_output"], message }];
}

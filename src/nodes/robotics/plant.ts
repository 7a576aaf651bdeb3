import * as v from "valibot";
import { ANY, defineNode, port } from "../../node/index.ts";
import { eventTimeMs, replace } from "../../packet/index.ts";
import { duration, durationMs } from "../duration.ts";
import { numberIn, valuePath } from "./number_in.ts";
import { Plant, type PlantState } from "./plant_model.ts";

const number = v.pipe(v.number(), v.finite());
const notNegative = v.pipe(number, v.minValue(0));

const config = v.strictObject({
  gain: v.pipe(v.optional(number, 1), v.description("Output per unit of input, once it has settled.")),
  time_constant: v.pipe(
    duration,
    v.description("How slow it is: after so long a first-order plant has gone 63 % of the way."),
  ),
  damping: v.pipe(
    v.optional(notNegative),
    v.description("Makes it one of second order: below 1 it overshoots by itself, at 1 it does not."),
  ),
  dead_time: v.pipe(v.optional(duration), v.description("How long nothing is seen of an input.")),
  bias: v.pipe(v.optional(number, 0), v.description("Where it settles without input, such as the temperature around.")),
  start: v.pipe(v.optional(number, 0), v.description("Its output at the first packet.")),
  noise: v.pipe(
    v.optional(notNegative, 0),
    v.description("Adds up to so much to what is measured, either way, by `--seed`."),
  ),
  value: valuePath,
  output_kind: v.pipe(
    v.optional(v.pipe(v.string(), v.minLength(1)), "measurement"),
    v.description("Kind of what leaves."),
  ),
});

type Config = v.InferOutput<typeof config>;

const at = (second: number, value: number) => ({ payload: { value }, ts: `2026-01-01T00:00:0${second}Z` });

export const plant = defineNode({
  name: "plant",
  kind: "compute",
  stateVersion: 1,
  doc: `Plays a process that a controller steers, such as a heater or a motor: for examples and tests of controllers.

First order with \`time_constant\` T: T·y' + y = gain·u + bias; with \`damping\` second order: T²·y'' + 2·damping·T·y' + y =
gain·u + bias. The input u of a packet holds from its event time to that of the next, \`dead_time\` later; each packet gives
the output y at its time, with its id. A packet older than the last is left out (\`out_of_order_total\`).`,
  config,
  inputs: { in: port(ANY, "Inputs of the process.") },
  outputs: ({ output_kind }: Config) => ({ out: port(output_kind, "What would be measured.", "json_portable") }),
  examples: [
    {
      title: "A step of 10 after one and after two time constants",
      config: { time_constant: "1s" },
      input: [at(0, 10), at(1, 10), at(2, 10)],
      output: {
        out: [
          { payload: { value: 0 } },
          { payload: { value: 6.3212053885246045 } },
          { payload: { value: 8.646647020657962 } },
        ],
      },
    },
  ],
  create(given, { random }) {
    const { time_constant, dead_time, gain, damping, bias, start, noise, output_kind, value } = given;
    const [timeConstantSec, deadTimeMs] = [durationMs(time_constant) / 1_000, dead_time ? durationMs(dead_time) : 0];
    const model = new Plant({ gain, damping, bias, timeConstantSec, deadTimeMs });
    let outOfOrder = 0;
    const measured = (output: number) => (noise === 0 ? output : output + noise * (2 * random.float() - 1));
    return {
      process(packet, emit) {
        const output = model.step(numberIn(packet, value, "input"), eventTimeMs(packet), start);
        if (output === undefined) outOfOrder += 1;
        else emit.out(replace(packet, { kind: output_kind, payload: { value: measured(output) } }));
      },
      metrics: () => ({ out_of_order_total: outOfOrder }),
      snapshot: () => model.state ?? null,
      restore(state) {
        model.state = (state as PlantState | null) ?? undefined;
      },
    };
  },
});

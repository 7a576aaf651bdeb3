import * as v from "valibot";
import { ANY, type Ports, port } from "../../node/index.ts";
import { duration } from "../duration.ts";
import { portName } from "./port_name.ts";

export const mergeConfig = v.strictObject({
  inputs: v.pipe(
    v.pipe(v.array(portName), v.minLength(2), v.maxLength(64)),
    v.description("Names of the inputs. Their order is that of `priority`, and of packets of one time."),
  ),
  by: v.pipe(
    v.picklist(["time", "round_robin", "priority"]),
    v.description("`time`: by event time; `round_robin`: in turn; `priority`: the first input that has something."),
  ),
  max_wait: v.pipe(
    v.optional(duration, "30s"),
    v.description("For `time`: longest a packet is held by the clock, whoever is silent."),
  ),
  max_held: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)), 10_000),
    v.description("For `time`: packets held; beyond it the earliest goes before its time has passed."),
  ),
});

export type MergeConfig = v.InferOutput<typeof mergeConfig>;

export const mergeInputs = ({ inputs }: MergeConfig): Ports =>
  Object.fromEntries(inputs.map((name) => [name, port(ANY, "Packets to merge.")]));

export const mergeOutputs = ({ by }: MergeConfig): Ports => ({
  out: port(ANY, "All of them, in one stream."),
  ...(by === "time" ? { late: port(ANY, "Packets of a time that has passed already.") } : {}),
});

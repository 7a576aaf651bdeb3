import * as v from "valibot";
import type { DeliveryOptions, NodeDefinition } from "../node/index.ts";
import type { RuntimeOptions } from "./plan.ts";

const seconds = (most: number) => v.pipe(v.number(), v.gtValue(0), v.maxValue(most));
const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(300_000));
const off = v.union([v.literal(false), v.literal("off")], "must be off");

const circuitShape = v.strictObject({
  failures: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(1_000),
      v.description("Failed tries in a row, of any packets, after which only probes go out; default 5."),
    ),
  ),
});

const rateShape = v.strictObject({
  // Below one in 1,000 s a graph is better served by a source that asks less often.
  per_sec: v.pipe(v.number(), v.minValue(0.001), v.maxValue(1_000_000), v.description("Tries per second.")),
  burst: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(1_000_000),
      v.description("How many may come at once; default 1."),
    ),
  ),
});

export const deliveryShape = v.strictObject({
  timeout_sec: v.optional(v.pipe(seconds(3_600), v.description("Longest time of one try; default 8."))),
  max_attempts: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(100),
      v.description("Tries of a packet that fails though the outside is there; default 3."),
    ),
  ),
  give_up_sec: v.optional(
    // A week.
    v.pipe(seconds(604_800), v.description("How long a packet is held while the outside is away; default for ever.")),
  ),
  backoff_ms: v.optional(
    v.pipe(milliseconds, v.description("Bound of the first wait, doubled each time; default 100.")),
  ),
  backoff_max_ms: v.optional(
    v.pipe(milliseconds, v.description("Bound of every wait and between probes; default 5,000.")),
  ),
  circuit: v.optional(v.union([off, circuitShape], "must be off, or a map such as { failures: 5 }")),
  rate: v.optional(v.union([off, rateShape], "must be off, or a map such as { per_sec: 10 }")),
});

/** `delivery:` of a graph or of a node's runtime. */
export const delivery = v.union(
  [v.boolean(), v.picklist(["on", "off"]), deliveryShape],
  "must be on, off, or a map such as { timeout_sec: 10 }",
);

export type WrittenDelivery = v.InferOutput<typeof delivery>;

const isOff = (written: unknown) => written === false || written === "off";
const keysOf = (written: WrittenDelivery | undefined) => (typeof written === "object" ? written : {});

/** A node's runtime as written: its delivery policy depends on the graph and the definition as well. */
export type ReadRuntime = Omit<RuntimeOptions, "delivery"> & { delivery?: WrittenDelivery };

/**
 * The runtime of a node with its delivery policy: the node's keys, then the graph's, then the defaults. A definition
 * whose effects leave the process has one unless it is turned off; any other when its own runtime asks for it.
 */
export function withDelivery(
  { delivery: own, ...runtime }: ReadRuntime,
  graph: WrittenDelivery | undefined,
  definition: NodeDefinition | undefined,
): RuntimeOptions {
  const wanted = own === undefined ? definition?.outside && !isOff(graph) : !isOff(own);
  if (!wanted || definition?.kind === "source") return runtime;
  return { ...runtime, delivery: deliveryOptions({ ...keysOf(graph), ...keysOf(own) }) };
}

function deliveryOptions(given: v.InferOutput<typeof deliveryShape>): DeliveryOptions {
  const { circuit, rate } = given;
  return {
    // An outage that swallows what is sent to it is over 15 s after its end at the latest; a slow server needs more.
    timeout_sec: given.timeout_sec ?? 8,
    max_attempts: given.max_attempts ?? 3,
    give_up_sec: given.give_up_sec,
    backoff_ms: given.backoff_ms ?? 100,
    // 15 s from the outside being back to the first packet leaves room for a lost probe and the next wait.
    backoff_max_ms: given.backoff_max_ms ?? 5_000,
    circuit: isOff(circuit) ? undefined : { failures: (typeof circuit === "object" && circuit.failures) || 5 },
    rate: typeof rate === "object" ? { per_sec: rate.per_sec, burst: rate.burst ?? 1 } : undefined,
  };
}

import type { GraphPlan, Place } from "../../graph/index.ts";
import type { DeadLetter, RunReport } from "../../observe/index.ts";
import type { Requested } from "../life/canned_network.ts";
import type { Captures } from "../life/captures.ts";

/** What a case came to. */
export interface Outcome {
  readonly plan: GraphPlan;
  readonly captures: Captures;
  readonly letters: readonly DeadLetter[];
  readonly requests: readonly Requested[];
  readonly stdout: string;
  readonly report: RunReport;
  /** Text of a file that the graph wrote; undefined when it did not. */
  file(name: string): string | undefined;
}

/** One expectation that does not hold. */
export interface Failure {
  readonly place: Place;
  readonly message: string;
}

/** Tells that what stands at `path` under `expect` does not hold. */
export type Fail = (path: readonly (string | number)[], message: string) => void;

/** The captured port that a name in a test file means: `node.port`, or a node for its first output, of a sink its input. */
export function portNamed(name: string, { nodes }: GraphPlan): string | { unknown: "node" | "port"; known: string[] } {
  const whole = nodes.find(({ id }) => id === name);
  if (whole !== undefined) return `${name}.${whole.outputs[0] ?? whole.inputs[0]}`;
  const dot = name.lastIndexOf(".");
  const node = dot < 0 ? undefined : nodes.find(({ id }) => id === name.slice(0, dot));
  if (node === undefined) return { unknown: "node", known: nodes.map(({ id }) => id) };
  const ports = [...node.outputs, ...node.inputs];
  return ports.includes(name.slice(dot + 1))
    ? name
    : { unknown: "port", known: ports.map((port) => `${node.id}.${port}`) };
}

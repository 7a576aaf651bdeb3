import { Box, type BoxOptions } from "./box.ts";

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly hash: string;
  readonly lives: number;
  readonly lines: readonly string[] | undefined;
  /** What the seed decided, for a person. */
  readonly decided: () => string;
}

/** Runs one seed from beginning to end, without waiting for anything. */
export function simulate(seed: number, options: BoxOptions = {}): Outcome {
  const box = new Box(seed, options);
  box.run();
  const { ledger, trace, lives } = box;
  const decided = () => JSON.stringify({ weather: box.weather, nodes: box.shape.nodes, edges: edgesOf(box) }, null, 1);
  return { seed, violations: ledger.violations, hash: trace.hash, lives, lines: trace.lines, decided };
}

const edgesOf = ({ shape }: Box) =>
  shape.edges.map(({ from, to, durable }) => ({ edge: `${from.id} -> ${to.id}`, durable }));

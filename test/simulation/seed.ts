import { Box, type BoxOptions } from "./box.ts";
import { YardBox } from "./reloads/yard.ts";

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly hash: string;
  readonly lives: number;
  readonly lines: readonly string[] | undefined;
  /** What the seed decided, for a person. */
  readonly decided: () => string;
}

/** In one of so many seeds the graph is changed while it runs. */
const RELOADS_EVERY = 10;

/** Runs one seed from beginning to end, without waiting for anything. */
export function simulate(seed: number, options: BoxOptions = {}): Outcome {
  const { season } = options;
  if (season === "reloads" || (season === undefined && seed % RELOADS_EVERY === 0)) return reload(seed, options);
  const box = new Box(seed, options);
  box.run();
  const { ledger, trace, lives } = box;
  const decided = () => JSON.stringify({ weather: box.weather, nodes: box.shape.nodes, edges: edgesOf(box) }, null, 1);
  return { seed, violations: ledger.violations, hash: trace.hash, lives, lines: trace.lines, decided };
}

const edgesOf = ({ shape }: Box) =>
  shape.edges.map(({ from, to, durable }) => ({ edge: `${from.id} -> ${to.id}`, durable }));

function reload(seed: number, { keepTrace = false }: BoxOptions): Outcome {
  const yard = new YardBox(seed, keepTrace);
  yard.run();
  const { judge, trace, lives } = yard;
  const decided = () => JSON.stringify({ weather: yard.weather, graph: yard.first, reloads: yard.told }, null, 1);
  return { seed, violations: judge.violations, hash: trace.hash, lives, lines: trace.lines, decided };
}

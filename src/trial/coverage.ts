import type { GraphPlan } from "../graph/index.ts";
import type { Captures } from "./life/captures.ts";

/** What one case passed of its graph: nodes and output ports by name, and whether a packet was there. */
export interface Passed {
  readonly nodes: Readonly<Record<string, boolean>>;
  readonly ports: Readonly<Record<string, boolean>>;
}

export function passedIn({ nodes }: GraphPlan, captures: Captures): Passed {
  const passed = (port: string) => captures.of(port).length > 0;
  const reached = nodes.map(({ id, inputs, outputs }) => {
    return [id, [...inputs, ...outputs].some((port) => passed(`${id}.${port}`))];
  });
  const ports = nodes.flatMap(({ id, outputs }) => outputs.map((port) => `${id}.${port}`));
  return {
    nodes: Object.fromEntries(reached),
    ports: Object.fromEntries(ports.map((port) => [port, passed(port)])),
  };
}

/** Of one graph: the nodes that a packet reached or left, and the output ports that one left by, over all its cases. */
export class Coverage {
  readonly #nodes = new Map<string, boolean>();
  readonly #ports = new Map<string, boolean>();

  add({ nodes, ports }: Passed) {
    merge(this.#nodes, nodes);
    merge(this.#ports, ports);
  }

  get figures() {
    return { nodes: figure(this.#nodes), ports: figure(this.#ports) };
  }
}

function merge(into: Map<string, boolean>, from: Readonly<Record<string, boolean>>) {
  for (const [name, passed] of Object.entries(from)) into.set(name, passed || (into.get(name) ?? false));
}

export interface CoverageFigure {
  covered: number;
  total: number;
  missing: string[];
}

function figure(seen: ReadonlyMap<string, boolean>): CoverageFigure {
  const missing = [...seen].flatMap(([name, covered]) => (covered ? [] : [name]));
  return { covered: seen.size - missing.length, total: seen.size, missing };
}

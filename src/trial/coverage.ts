import type { GraphPlan } from "../graph/index.ts";
import type { Captures } from "./life/captures.ts";

/** Of one graph: the nodes that a packet reached or left, and the output ports that one left by, over all its cases. */
export class Coverage {
  readonly #nodes = new Map<string, boolean>();
  readonly #ports = new Map<string, boolean>();

  add({ nodes }: GraphPlan, captures: Captures) {
    for (const { id, inputs, outputs } of nodes) {
      const passed = (port: string) => captures.of(`${id}.${port}`).length > 0;
      const seen = [...inputs, ...outputs].some(passed);
      this.#nodes.set(id, seen || (this.#nodes.get(id) ?? false));
      for (const port of outputs) {
        const name = `${id}.${port}`;
        this.#ports.set(name, passed(port) || (this.#ports.get(name) ?? false));
      }
    }
  }

  get figures() {
    return { nodes: figure(this.#nodes), ports: figure(this.#ports) };
  }
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

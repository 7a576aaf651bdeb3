import { expect, test } from "bun:test";
import fc from "fast-check";
import { Engine } from "../../../src/engine/index.ts";
import { compileGraph, type GraphPlan } from "../../../src/graph/index.ts";
import { createRegistry } from "../../../src/registry/index.ts";
import { virtualHost } from "../../support/engine.ts";
import { graphFolder } from "../../support/graph_folder.ts";

interface Node {
  id: string;
  text: string;
  /** Output ports that packets leave by. */
  outputs: readonly string[];
}

interface Edge {
  from: number;
  port: string;
  to: number;
}

interface Whole {
  nodes: Node[];
  edges: Edge[];
}

/** Nodes `first` up to `last` stand in a file of their own, which may hold another. */
interface Part {
  first: number;
  last: number;
  inner: Part | undefined;
}

const PLUGINS = [
  { text: 'plugin: filter, config: { when: "payload.i % 2 == 0" }', outputs: ["out", "rejected"] },
  { text: "plugin: rate_limit, config: { limit: 3, window_ms: 600000 }", outputs: ["out", "excess"] },
  { text: "plugin: every_nth_frame, config: { every_n: 2 }", outputs: ["out", "skipped"] },
];

/** A tree of one or two sources, nodes, and a printing sink behind every node. */
const whole = fc
  .record({
    sources: fc.integer({ min: 1, max: 2 }),
    inner: fc.array(fc.record({ plugin: fc.nat(2), parent: fc.nat(), port: fc.nat(1) }), {
      minLength: 1,
      maxLength: 7,
    }),
  })
  .map(({ sources, inner }): Whole => {
    const nodes: Node[] = Array.from({ length: sources }, (_, at) => ({
      id: `s${at}`,
      text: `plugin: generate_source, config: { count: ${9 - 4 * at}, kind: frame }`,
      outputs: ["out"],
    }));
    const edges: Edge[] = [];
    for (const { plugin, parent, port } of inner) {
      const from = parent % nodes.length;
      const { outputs } = nodes[from]!;
      edges.push({ from, port: outputs[port % outputs.length]!, to: nodes.length });
      nodes.push({ id: `n${nodes.length}`, ...PLUGINS[plugin]! });
    }
    const count = nodes.length;
    for (let from = 0; from < count; from += 1) {
      edges.push({ from, port: nodes[from]!.outputs.at(-1)!, to: nodes.length });
      const text = `plugin: print_sink, config: { format: payload, prefix: "${nodes[from]!.id} " }`;
      nodes.push({ id: `p${from}`, text, outputs: [] });
    }
    return { nodes, edges };
  });

const stretch = fc.tuple(fc.nat(), fc.nat());

function partOf(from: number, to: number, [own, ...more]: [number, number][]): Part | undefined {
  if (own === undefined) return undefined;
  const [a, b] = own;
  const first = from + (a % (to - from));
  const last = first + 1 + (b % (to - first));
  return { first, last, inner: more.length === 0 ? undefined : partOf(first, last, more) };
}

const holds = (part: Part | undefined, at: number) => part !== undefined && at >= part.first && at < part.last;

/** The files: nodes in a part, ports for every edge over its border, edges by where they lead. */
function written({ nodes, edges }: Whole, part: Part | undefined): Record<string, string> {
  const files: Record<string, string> = {};
  const write = (name: string, from: number, to: number, inner: Part | undefined, exposed: boolean) => {
    const items: string[] = [];
    for (let at = from; at < to; at += 1) {
      if (inner && at === inner.first) items.push(`  - { id: u, use: ${name}_u.yaml }`);
      if (!holds(inner, at)) items.push(`  - { id: ${nodes[at]!.id}, ${nodes[at]!.text} }`);
    }
    const isHere = (at: number) => at >= from && at < to;
    const out = ({ from: at, port }: Edge) => (holds(inner, at) ? `u.o${at}_${port}` : `${nodes[at]!.id}.${port}`);
    const into = ({ to: at }: Edge) => (holds(inner, at) ? `u.i${at}` : `${nodes[at]!.id}`);
    const lines = edges
      .filter((edge) => isHere(edge.from) && isHere(edge.to) && !(holds(inner, edge.from) && holds(inner, edge.to)))
      .map((edge) => `  - { from: ${out(edge)}, to: ${into(edge)} }`);
    const ins = edges.filter((edge) => isHere(edge.to) && !isHere(edge.from));
    const outs = edges.filter((edge) => isHere(edge.from) && !isHere(edge.to));
    const map = (entries: [string, string][]) =>
      `{ ${[...new Map(entries)].map(([key, value]) => `${key}: ${value}`).join(", ")} }`;
    const ports = `ports:\n  in: ${map(ins.map((edge) => [`i${edge.to}`, into(edge)]))}\n  out: ${map(outs.map((edge) => [`o${edge.from}_${edge.port}`, out(edge)]))}\n`;
    files[`${name}.yaml`] =
      `version: 2\n${exposed ? ports : ""}nodes:\n${items.join("\n")}\nedges:\n${lines.length === 0 ? "  []" : lines.join("\n")}\n`;
    if (inner) write(`${name}_u`, inner.first, inner.last, inner.inner, true);
  };
  write("graph", 0, nodes.length, part, false);
  return files;
}

const registry = createRegistry({ pluginsDir: "/nonexistent", env: {}, warn: () => {} });

async function planOf(files: Record<string, string>): Promise<GraphPlan> {
  using project = graphFolder(files);
  const source = { text: files["graph.yaml"]!, path: "graph.yaml", baseDir: project.folder };
  const { plan, diagnostics } = await compileGraph(source, { catalogue: registry });
  if (plan === undefined) throw new Error(JSON.stringify({ files, diagnostics }, null, 1));
  return plan;
}

/** What is printed, in order, and what went over every edge, without the names of parts. */
async function outcome(plan: GraphPlan) {
  const host = virtualHost();
  const engine = new Engine(plan, host);
  await engine.run();
  const own = (id: string) => id.split("/").at(-1);
  const edges = engine.snapshot().edges.map(({ from, fromPort, to, counters }) => ({
    edge: `${own(from)}.${fromPort} ${own(to)}`,
    passed: counters.passed,
  }));
  return { printed: host.written.join(""), edges: edges.sort((a, b) => (a.edge < b.edge ? -1 : 1)) };
}

test("a graph written flat and the same through files gives the same packets in the same order", async () => {
  await fc.assert(
    fc.asyncProperty(whole, fc.array(stretch, { minLength: 1, maxLength: 3 }), async (graph, stretches) => {
      const part = partOf(0, graph.nodes.length, stretches);
      const [flat, used] = await Promise.all([planOf(written(graph, undefined)), planOf(written(graph, part))]);
      expect(used.nodes.map(({ id }) => id.split("/").at(-1))).toEqual(flat.nodes.map(({ id }) => id));
      const [whole, parts] = [await outcome(flat), await outcome(used)];
      expect(whole.printed.length).toBeGreaterThan(0);
      expect(parts).toEqual(whole);
    }),
    { numRuns: 150 },
  );
}, 60_000);

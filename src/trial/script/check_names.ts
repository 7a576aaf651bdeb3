import { didYouMean } from "../../base/suggest.ts";
import type { GraphPlan, PlanNode } from "../../graph/index.ts";
import { ANY, inputPorts, type Ports } from "../../node/index.ts";
import { portNamed } from "../expect/outcome.ts";
import type { Refuse } from "./check_case.ts";
import type { ExpectedPacket, ExpectedPort, GivenPacket, TestCase } from "./shape.ts";

/** Why a run in a test ends. `max_seconds` is not among them: its time costs nothing, so no test has it. */
const STOP_REASONS = ["end_of_input", "max_packets", "signal", "error"];

type At = readonly (string | number)[];

/** Checks names that would only be found to differ after the run, where they look like a fault of the graph. */
export function checkNames({ given = {}, replace = {}, expect }: TestCase, { nodes }: GraphPlan, refuse: Refuse) {
  const names = new Names(nodes, refuse);
  for (const [id, packets] of Object.entries(given)) names.kindsGiven(["given", id], id, packets);
  for (const [id, stub] of Object.entries(replace)) {
    if (typeof stub === "string") continue;
    for (const [port, packets] of Object.entries(stub)) names.kinds(["replace", id, port], `${id}.${port}`, packets);
  }
  for (const [name, wanted] of Object.entries(expect.nodes ?? {}))
    names.kindsExpected(["expect", "nodes", name], wanted);
  for (const key of ["dead_letters", "requests"] as const) {
    const list = expect[key];
    if (!Array.isArray(list)) continue;
    for (const [index, { node }] of list.entries()) names.node(["expect", key, index, "node"], node);
  }
  for (const name of Object.keys(expect.metrics ?? {})) names.metric(["expect", "metrics", name], name);
  if (expect.stop_reason !== undefined) names.stopReason(["expect", "stop_reason"], expect.stop_reason);
}

class Names {
  readonly #nodes: readonly PlanNode[];
  readonly #ids: readonly string[];
  readonly #refuse: Refuse;

  constructor(nodes: readonly PlanNode[], refuse: Refuse) {
    this.#nodes = nodes;
    this.#ids = nodes.map(({ id }) => id);
    this.#refuse = refuse;
  }

  node(at: At, name: string | undefined) {
    if (name === undefined || this.#ids.includes(name)) return;
    this.#refuse("UNKNOWN_NODE", at, `Cannot run the case as the graph has no node "${name}"`, near(name, this.#ids));
  }

  /** Only nodes are known before the run: which numbers one has it says then. */
  metric(at: At, name: string) {
    if (!name.startsWith("node.") || this.#ids.some((id) => name.startsWith(`node.${id}.`))) return;
    const id = name.split(".").slice(1, -1).join(".");
    const message = `Cannot run the case as metric "${name}" is of no node of the graph`;
    this.#refuse("UNKNOWN_NODE", at, message, near(id, this.#ids), "key");
  }

  stopReason(at: At, name: string) {
    if (STOP_REASONS.includes(name)) return;
    this.#refuse("TEST_VALUE", at, `Cannot run the case as no run ends by "${name}"`, near(name, STOP_REASONS));
  }

  kindsGiven(at: At, id: string, given: NonNullable<TestCase["given"]>[string]) {
    const node = this.#nodes.find((one) => one.id === id);
    if (node === undefined) return;
    const port = `${id}.${node.outputs[0]}`;
    if (Array.isArray(given)) this.kinds(at, port, given);
    else if ("packets" in given && given.packets) this.kinds([...at, "packets"], port, given.packets);
  }

  kindsExpected(at: At, wanted: readonly ExpectedPacket[] | ExpectedPort) {
    const port = portNamed(String(at.at(-1)), { nodes: this.#nodes } as GraphPlan);
    if (typeof port !== "string") return;
    if (Array.isArray(wanted)) return this.kinds(at, port, wanted);
    const { packets = [], exactly = [] } = wanted as ExpectedPort;
    this.kinds([...at, "packets"], port, packets);
    this.kinds([...at, "exactly"], port, exactly);
  }

  /** Of packets that pass a port which takes or makes some kinds only. */
  kinds(at: At, port: string, packets: readonly (GivenPacket | ExpectedPacket)[]) {
    const known = this.#kindsOf(port);
    if (known === undefined) return;
    for (const [index, { kind }] of packets.entries()) {
      if (kind === undefined || known.includes(kind)) continue;
      const message = `Cannot run the case as no packet of kind "${kind}" passes ${port}`;
      this.#refuse("TEST_VALUE", [...at, index, "kind"], message, near(kind, known));
    }
  }

  /** Undefined: any. */
  #kindsOf(port: string): readonly string[] | undefined {
    const dot = port.lastIndexOf(".");
    const node = this.#nodes.find(({ id }) => id === port.slice(0, dot));
    if (node === undefined) return undefined;
    const { definition, config } = node;
    const ports: Ports = { ...inputPorts(definition, config), ...definition.outputs(config) };
    const kinds = ports[port.slice(dot + 1)]?.kinds ?? ANY;
    return kinds === ANY ? undefined : [...kinds];
  }
}

function near(name: string, known: readonly string[]): string {
  const one = didYouMean(name, known);
  return one === undefined
    ? `there ${known.length === 1 ? "is" : "are"} ${known.join(", ")}`
    : `did you mean "${one}"?`;
}

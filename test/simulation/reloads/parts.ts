import * as v from "valibot";
import { sleep } from "../../../src/base/clock.ts";
import type { NodeContext, NodeDefinition, NodeInstance } from "../../../src/node/index.ts";
import { Unavailable } from "../../../src/node/index.ts";
import { BUILT_IN } from "../../../src/nodes/list.ts";
import { replace, type StreamPacket } from "../../../src/packet/index.ts";
import { node, type TestNode } from "../../support/engine.ts";
import type { Load } from "../backend.ts";
import type { Branch, Kind, Pass } from "./graph.ts";
import type { YardLife } from "./life.ts";

/** Share of the requests of a sink that find the outside away. */
const AWAY = 0.15;

const OPTIONS: Readonly<Record<Exclude<Kind, "plain" | "tally">, readonly unknown[]>> = {
  window_aggregate: [0, 1, 2].map((more) => ({
    window: { type: "tumbling", size: "5m" },
    aggregates: { facts: { fn: "collect", of: "fact" } },
    max_keys: 1_000 + more,
  })),
  batch: [{ max_packets: 3 }, { max_packets: 2 }, { max_packets: 5 }],
  debounce: ["50ms", "500ms", "5s"].map((quiet) => ({ quiet })),
  stream_join: [0, 1, 2].map((more) => ({ key: "payload.fact", within: "0s", mode: "full", max_per_key: 256 + more })),
};

/** Built-in nodes are the program's own, found as it finds them. */
const BUILT = new Map<Kind, NodeDefinition>();
for (const kind of Object.keys(OPTIONS) as Kind[]) BUILT.set(kind, (await BUILT_IN.get(kind)!()) as NodeDefinition);

export function passing(life: YardLife, { id, later }: Pass, concurrency = 4): TestNode {
  const async = node(id, (packet, emit) => {
    life.step(id);
    return sleep(life.clock, life.yard.net.between(0, 20)).then(() => void emit.out!(packet));
  });
  return later ? { ...async, runtime: { concurrency } } : passThrough(life, id);
}

const passThrough = (life: YardLife, id: string): TestNode =>
  node(id, (packet, emit) => {
    life.step(id);
    emit.out!(packet);
  });

/** Facts are a minute of event time apart. */
export const stamping = (): TestNode =>
  node("stamp", (packet, emit) => {
    const at = Number((packet.payload as Load).fact.split("f")[1]);
    emit.out!(replace(packet, { ts: new Date(Date.UTC(2026, 0, 1) + at * 60_000).toISOString() }));
  });

/** The node of a branch; `bad`: it does not take the state of the one before. */
export function nodeOf(life: YardLife, branch: Branch, bad: boolean): TestNode {
  const { id, kind, later, spare, version, option } = branch;
  const more = spare ? ["spare"] : [];
  if (kind === "plain") return { ...passing(life, { id, later }, 1), outputs: ["out", ...more] };
  if (kind === "tally") return { ...tally(id, bad), stateVersion: version, outputs: ["out", ...more] };
  const definition = BUILT.get(kind)!;
  const config = v.parse(definition.config, OPTIONS[kind][option]);
  const outputs = [...Object.keys(definition.outputs(config)), ...more];
  const create = (context: NodeContext) => unwilling(definition.create(config, context) as NodeInstance, bad);
  const one = { ...node(id), kind: definition.kind, stateVersion: version, outputs, create };
  return { ...one, inputs: Object.keys(definition.inputs) };
}

function unwilling(instance: NodeInstance, bad: boolean): NodeInstance {
  if (!bad) return instance;
  return Object.assign(instance, {
    restore() {
      throw new Error("no such state");
    },
  });
}

/** Counts what goes by, and says of each packet the how many-th it is: a row that is counted twice, or not, shows in all behind. */
function tally(id: string, bad: boolean): TestNode {
  let count = 0;
  const instance: NodeInstance = {
    process(packet, emit) {
      count += 1;
      emit.out!(replace(packet, { payload: { ...(packet.payload as Load), nth: count } }));
    },
    snapshot: () => ({ count }),
    restore(state) {
      ({ count } = state as { count: number });
    },
  };
  const create = () => {
    count = 0;
    return unwilling(instance, bad);
  };
  return { ...node(id), create };
}

/** What stands at the end of a branch. */
export function sinkOf(life: YardLife, branch: Branch): TestNode {
  const { id, slow, spareSink } = branch;
  const { yard } = life;
  const arrive = (packet: StreamPacket) => {
    if (life.alive) yard.judge.arrived(branch, packet);
  };
  const reach = async (packet: StreamPacket) => {
    await sleep(life.clock, yard.net.between(0, yard.healed ? 5 : 100));
    if (!life.alive) return;
    if (!yard.healed && yard.net.maybe(AWAY)) throw new Unavailable("away");
    arrive(packet);
  };
  const process = (packet: StreamPacket) => {
    life.step(`${id}k`);
    return slow ? reach(packet) : arrive(packet);
  };
  const runtime = { concurrency: slow ? 4 : 1 };
  return { ...node(`${id}k`, process), kind: "sink", outputs: spareSink ? ["spare"] : [], runtime };
}

/** A node that is written wrongly. */
export function failing(how: "create" | "open"): TestNode {
  const broken = (): never => {
    throw new Error("it does not come up");
  };
  const create = () => (how === "create" ? broken() : { process() {}, open: broken });
  return { ...node("bad"), create };
}

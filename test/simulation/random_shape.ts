import type { DurableOptions } from "../../src/graph/plan.ts";
import type { DeliveryOptions } from "../../src/node/index.ts";
import type { Chance } from "./chance.ts";
import { Shape, type ShapeEdge, type ShapeNode } from "./shape.ts";

/** One to two sources, none to four nodes, one to two sinks; every node has a way from a source and to a sink. */
export function randomShape(chance: Chance): Shape {
  const count = (low: number, high: number) => Array.from({ length: chance.int(low, high) }, (_, at) => at);
  const sources = count(1, chance.maybe(0.2) ? 2 : 1).map((at) => nodeOf(chance, `s${at}`, "source"));
  const middle = count(0, 4).map((at) => nodeOf(chance, `n${at}`, "middle"));
  const sinks = count(1, chance.maybe(0.3) ? 2 : 1).map((at) => nodeOf(chance, `k${at}`, "sink"));
  const edges: ShapeEdge[] = [];
  const connect = (from: ShapeNode, to: ShapeNode) => {
    if (edges.some((edge) => edge.from === from && edge.to === to)) return;
    edges.push({ index: edges.length, from, to, durable: undefined });
  };
  const before = [...sources];
  for (const node of middle) {
    connect(chance.one(before), node);
    if (chance.maybe(0.25)) connect(chance.one(before), node);
    before.push(node);
  }
  for (const sink of sinks) connect(chance.one(before), sink);
  for (const node of before) {
    if (!edges.some(({ from }) => from === node)) connect(node, chance.one(sinks));
  }
  for (let tries = chance.int(1, 3); tries > 0; tries--) {
    const edge = chance.one(edges);
    edge.durable ??= randomDurable(chance);
  }
  const shape = new Shape([...before, ...sinks], edges);
  // A fact that kills the process before it is in a file is sent again by its sender for ever.
  for (const node of shape.nodes) if (node.trouble === "killer" && shape.exposed(node)) node.trouble = "none";
  for (const node of shape.nodes) node.keeps = node.role === "middle" && chance.maybe(KEEPING);
  return shape;
}

/** Share of the middle nodes that keep packets. */
const KEEPING = 0.15;

function nodeOf(chance: Chance, id: string, role: ShapeNode["role"]): ShapeNode {
  const later = chance.maybe(role === "sink" ? 0.8 : 0.4);
  const trouble = role === "middle" && chance.maybe(0.5) ? chance.one(TROUBLES) : "none";
  return {
    id,
    role,
    output: chance.one(["pass", "pass", "filter", "split"]),
    by: chance.one(["emit", "iterator", "async_iterator"]),
    rekeys: chance.maybe(0.5),
    later,
    keeps: false,
    trouble: role === "sink" && chance.maybe(0.2) ? "poison" : trouble,
    runtime: {
      inbox: {
        capacity: chance.one([1, 2, 8, 256]),
        max_bytes: 64 * 1024 * 1024,
        overflow: chance.maybe(0.05) ? chance.one(["drop_oldest", "drop_newest"]) : "block",
      },
      concurrency: later ? chance.one([1, 2, 4, 16]) : 1,
      ordered: chance.maybe(0.5),
      on_error: chance.one(["dead_letter", "dead_letter", "retry", role === "sink" ? "dead_letter" : "drop"]),
      max_retries: chance.int(1, 3),
      ...(role === "sink" && later && chance.maybe(0.5) ? { delivery: randomDelivery(chance) } : {}),
    },
  };
}

const TROUBLES = ["flaky", "flaky", "moody", "poison", "killer", "killer"] as const;

function randomDelivery(chance: Chance): DeliveryOptions {
  return {
    timeout_sec: chance.one([1, 5, 30]),
    max_attempts: chance.int(1, 4),
    give_up_sec: chance.maybe(0.3) ? chance.one([2, 20]) : undefined,
    backoff_ms: chance.one([50, 200]),
    backoff_max_ms: chance.one([1_000, 5_000]),
    circuit: chance.maybe(0.7) ? { failures: chance.int(1, 5) } : undefined,
    rate: chance.maybe(0.1) ? { per_sec: 50, burst: 5 } : undefined,
  };
}

/** Options of a durable edge, also those of the next start. */
export function randomDurable(chance: Chance): DurableOptions {
  const drainRate = chance.maybe(0.15) ? { drain_rate: chance.one([5, 50]) } : {};
  return {
    durability: chance.maybe(0.15) ? "relaxed" : "full",
    partition_by: chance.one(["source_id", "source_id", "kind"]),
    ordered: chance.maybe(0.8),
    // A row of the simulation has some 60 bytes.
    max_bytes: chance.maybe(0.25) ? chance.one([150, 600]) : 1024 ** 3,
    min_free: 0,
    overflow: chance.maybe(0.1) ? chance.one(["drop_newest", "drop_oldest"]) : "block",
    max_attempts: chance.one([1, 2, 3, 5, 5]),
    backoff_ms: chance.one([20, 500]),
    backoff_max_ms: chance.one([1_000, 10_000]),
    remember_ms: chance.one([60_000, 3_600_000, 3_600_000]),
    ...drainRate,
    order: chance.maybe(0.2) ? "live_first" : "oldest_first",
  };
}

import { describe, expect, test } from "bun:test";
import { changesOf, isUnchanged, type NodeChange } from "../../src/graph/changes.ts";
import { durableOptions } from "../../src/graph/durable.ts";
import type { GraphPlan, PlanNode } from "../../src/graph/plan.ts";
import { node, plan, sink, source, type TestNode } from "../support/engine.ts";

const nodes = (): TestNode[] => [source("s", []), node("a"), node("b", undefined, { stateVersion: 2 }), sink("t")];
const EDGES = ["s -> a", "a -> b", "b -> t"];

/** The plan with one of its nodes changed. */
function withNode(given: GraphPlan, id: string, change: (one: PlanNode) => Partial<PlanNode>): GraphPlan {
  return { ...given, nodes: given.nodes.map((one) => (one.id === id ? { ...one, ...change(one) } : one)) };
}

function withDurable(given: GraphPlan, at: number, options: object = {}): GraphPlan {
  const durable = { ...durableOptions(true)!, ...options };
  return { ...given, edges: given.edges.map((edge) => (edge.index === at ? { ...edge, durable } : edge)) };
}

/** Test nodes have a state unless they say otherwise. */
const stateless = (given: GraphPlan): GraphPlan => ({
  ...given,
  nodes: given.nodes.map((one) =>
    one.id === "b" ? one : { ...one, definition: { ...one.definition, stateVersion: undefined } },
  ),
});
const base = () => stateless(plan(nodes(), EDGES));

const of = (before: GraphPlan, after: GraphPlan, id: string): NodeChange | undefined =>
  changesOf(before, after).nodes.find((one) => one.node === id);

describe("changesOf", () => {
  test("finds none between a graph and itself", () => {
    const changes = changesOf(base(), base());
    expect(isUnchanged(changes)).toBe(true);
    expect(changes.nodes.map(({ what }) => what)).toEqual(["kept", "kept", "kept", "kept"]);
  });

  test("replaces a node of another config and names the keys", () => {
    const [before, after] = [
      { limit: 1, kept: true },
      { limit: 2, kept: true },
    ].map((config) => withNode(base(), "a", () => ({ config })));
    expect(of(before!, after!, "a")).toEqual({
      ...{ node: "a", what: "replaced", because: ["config.limit"], state: "none" },
    });
  });

  test("replaces a node whose plugin has other bytes", () => {
    const [before, after] = ["1", "2"].map((sha256) =>
      withNode(base(), "a", () => ({ origin: { file: "a.ts", sha256 } })),
    );
    expect(of(before!, after!, "a")).toMatchObject({ what: "replaced", because: ["the code of its plugin"] });
  });

  test("replaces a node when a file that it reads has changed", () => {
    const contents = { old: new Map([["a", "1"]]), new: new Map([["a", "2"]]) };
    const { nodes } = changesOf(base(), base(), { contents });
    expect(nodes.filter(({ what }) => what !== "kept")).toEqual([
      { node: "a", what: "replaced", because: ["a file that it reads"], state: "none" },
    ]);
  });

  test("keeps the instance where only its runtime changes, but not its delivery", () => {
    const slow = withNode(base(), "a", ({ runtime }) => ({ runtime: { ...runtime, concurrency: 4 } }));
    expect(of(base(), slow, "a")).toEqual({ node: "a", what: "reconfigured", keys: ["concurrency"] });
    const delivery = {} as never;
    const delivered = withNode(base(), "a", ({ runtime }) => ({ runtime: { ...runtime, delivery } }));
    expect(of(base(), delivered, "a")).toMatchObject({ what: "replaced", because: ["runtime.delivery"] });
  });

  test("carries state to the same kind of node of the same version, and says why it drops it", () => {
    const changed = withNode(base(), "b", () => ({ config: { n: 1 } }));
    expect(of(base(), changed, "b")).toMatchObject({ what: "replaced", state: "carried" });
    const newer = withNode(base(), "b", ({ definition }) => ({
      ...{ config: { n: 1 }, definition: { ...definition, stateVersion: 3 } },
    }));
    expect(of(base(), newer, "b")).toMatchObject({
      ...{ state: "dropped", why: "it is of version 2, and this b reads version 3" },
    });
    const other = withNode(base(), "b", ({ definition }) => ({ definition: { ...definition, name: "other" } }));
    expect(of(base(), other, "b")).toMatchObject({
      ...{ state: "dropped", why: "it is of a b", because: ["it is a other instead of a b"] },
    });
  });

  test("names nodes and edges that come and go, and the state that goes with them", () => {
    const [s, a, , t] = nodes();
    const after = stateless(plan([s!, a!, t!, sink("u")], ["s -> a", "a -> t", "a -> u"]));
    const changes = changesOf(base(), after);
    expect(changes.nodes.slice(-2)).toEqual([
      { node: "u", what: "added" },
      { node: "b", what: "removed", state: "dropped" },
    ]);
    expect(changes.edges).toEqual({
      added: ["a.out->t.in", "a.out->u.in"],
      removed: ["a.out->b.in", "b.out->t.in"],
    });
  });

  test("keeps the backlog of a durable edge by its file, whatever its name", () => {
    const [before, after] = [withDurable(base(), 1), withDurable(base(), 1)];
    expect(changesOf(before, after).queues).toEqual([{ queue: "a.out->b.in", what: "kept" }]);
    const other = { ...base(), nodes: base().nodes.map((one) => (one.id === "b" ? { ...one, id: "c" } : one)) };
    const [old, moved] = [withDurable(base(), 1, { path: "x.db" }), withDurable(other, 1, { path: "x.db" })];
    expect(changesOf(old, moved).queues).toEqual([{ queue: "a.out->c.in", what: "kept", was: "a.out->b.in" }]);
    expect(changesOf(before, withDurable(other, 1)).queues).toEqual([
      { queue: "a.out->c.in", what: "new" },
      { queue: "a.out->b.in", what: "orphaned" },
    ]);
  });

  test("drains a durable edge that goes while the node behind it stays", () => {
    const changes = changesOf(withDurable(base(), 1), base());
    expect(changes.queues).toEqual([{ queue: "a.out->b.in", what: "drained" }]);
    expect(changes.edges).toEqual({ added: ["a.out->b.in"], removed: ["a.out->b.in (durable)"] });
  });

  test("names the options of a durable edge that change", () => {
    const changes = changesOf(withDurable(base(), 1), withDurable(base(), 1, { max_attempts: 9 }));
    expect(changes.queues).toEqual([{ queue: "a.out->b.in", what: "kept", keys: ["max_attempts"] }]);
    expect(isUnchanged(changes)).toBe(false);
  });

  test("names the settings of the graph that change", () => {
    expect(changesOf(base(), { ...base(), checkpoint: false }).settings).toEqual(["checkpoint"]);
  });
});

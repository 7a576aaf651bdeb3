import { describe, expect, test } from "bun:test";
import type { Engine } from "../../src/engine/index.ts";
import { changesOf } from "../../src/graph/changes.ts";
import { engine as engineOf, macrotask, node, plan, sink, source, type TestNode, toEnd } from "../support/engine.ts";
import { packet } from "../support/node.ts";

/** A door that one at a time can have; `log` says what happened at it. */
class Door {
  readonly log: string[] = [];
  #by: string | undefined;

  open(by: string) {
    if (this.#by !== undefined) throw new Error(`${this.#by} has the door`);
    this.#by = by;
    this.log.push(`${by} opens`);
  }

  close(by: string) {
    if (this.#by !== by) return;
    this.#by = undefined;
    this.log.push(`${by} closes`);
  }
}

/** A source at a door: hands out what is pushed while it has it. */
function porter(door: Door, name: string, fails = false) {
  let wake = () => {};
  const here: string[] = [];
  const restored: unknown[] = [];
  const create: TestNode["create"] = () => ({
    async open() {
      if (fails) throw new Error(`${name} fails`);
      door.open(name);
    },
    async *run(signal: AbortSignal) {
      signal.addEventListener("abort", () => wake(), { once: true });
      while (!signal.aborted) {
        const id = here.shift();
        if (id !== undefined) yield packet({ packet_id: id });
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
    snapshot: (taken) => taken,
    restore(state) {
      restored.push(state);
    },
    close: () => door.close(name),
  });
  const push = (id: string) => {
    here.push(id);
    wake();
  };
  return {
    node: { ...source("s", []), stateVersion: undefined, owns: ["the door"], create } as TestNode,
    push,
    restored,
  };
}

/** The same nodes, but with another config for some: so they are replaced. */
function reloadTo(engine: Engine, nodes: readonly TestNode[], edges: readonly string[], changed: readonly string[]) {
  const made = plan(nodes, edges);
  const mark = engine.reloads.generation + 1;
  const next = {
    ...made,
    nodes: made.nodes.map((one) => (changed.includes(one.id) ? { ...one, config: { mark } } : one)),
  };
  return engine.reloads.reload(next, { changes: changesOf(engine.plan, next), dropState: true });
}

async function settle() {
  for (let at = 0; at < 30; at++) await macrotask();
}

const EDGES = ["s -> out"];

describe("a node that takes over what only one can have", () => {
  test("opens when the old one is closed, and packets of both come through", async () => {
    const door = new Door();
    const [old, now, out] = [porter(door, "old"), porter(door, "now"), sink("out")];
    const { engine, host } = engineOf([old.node, out], EDGES);
    const ended = engine.run();
    await settle();
    old.push("a");
    await settle();
    const result = await reloadTo(engine, [now.node, out], EDGES, ["s"]);
    expect(result).toMatchObject({ outcome: "reloaded", generation: 1 });
    expect(result.changes?.nodes[0]).toMatchObject({ takes: [{ what: "the door", from: "s" }] });
    now.push("b");
    await settle();
    engine.stop("signal");
    await toEnd(ended, host);
    expect(out.ids).toEqual(["a", "b"]);
    expect(door.log).toEqual(["old opens", "old closes", "now opens", "now closes"]);
    // A source is asked where it is with how much was taken of what it yielded.
    expect(now.restored).toEqual([0]);
  });

  test("that cannot open leaves it to the old one, which goes on", async () => {
    const door = new Door();
    const [old, bad, out] = [porter(door, "old"), porter(door, "bad", true), sink("out")];
    const { engine, host } = engineOf([old.node, out], EDGES);
    const ended = engine.run();
    await settle();
    old.push("a");
    await settle();
    expect(await reloadTo(engine, [bad.node, out], EDGES, ["s"])).toMatchObject({
      ...{ outcome: "rolled_back", generation: 0, reason: expect.stringContaining("bad fails") },
    });
    old.push("b");
    await settle();
    engine.stop("signal");
    const run = await toEnd(ended, host);
    expect([out.ids, run.status]).toEqual([["a", "b"], "ok"]);
    expect(door.log).toEqual(["old opens", "old closes", "old opens", "old closes"]);
  });

  test("is another node than the one that has it, and a sink's packets wait for the new one", async () => {
    const door = new Door();
    const seen: string[] = [];
    const writer = (name: string): TestNode => ({
      ...node("w"),
      ...{ kind: "sink", outputs: [], stateVersion: undefined, owns: ["the door"] },
      create() {
        // As a file that is opened at once.
        door.open(name);
        return { process: (one) => void seen.push(`${name} ${one.packet_id}`), close: () => door.close(name) };
      },
    });
    const s = porter(new Door(), "s");
    const old = writer("old");
    const { engine, host } = engineOf([s.node, old], ["s -> w"]);
    const ended = engine.run();
    await settle();
    s.push("a");
    await settle();
    const reloading = reloadTo(engine, [s.node, { ...writer("now"), id: "v" }], ["s -> v"], []);
    s.push("b");
    expect(await reloading).toMatchObject({ outcome: "reloaded" });
    await settle();
    engine.stop("signal");
    await toEnd(ended, host);
    expect(seen).toEqual(["old a", "now b"]);
    // Of packets that are kept, those over the first edge go on under the name of what they are made of.
    expect(engine.wiring.producers[0]!.firstEdge).toBe(engine.wiring.edges[0]);
  });

  test("when neither opens any more the run fails with both reasons, and does not go on without its node", async () => {
    const door = new Door();
    let opened = 0;
    const once: TestNode = {
      ...node("w"),
      ...{ kind: "sink", outputs: [], stateVersion: undefined, owns: ["the door"] },
      create() {
        if (opened++ > 0) throw new Error("the door is stuck");
        return { process() {} };
      },
    };
    const s = porter(door, "s");
    const { engine, host } = engineOf([s.node, once], ["s -> w"]);
    const ended = engine.run();
    await settle();
    expect(await reloadTo(engine, [s.node, once], ["s -> w"], ["w"])).toMatchObject({ outcome: "rolled_back" });
    const run = await toEnd(ended, host);
    expect([run.status, engine.failure?.message]).toEqual(["error", expect.stringMatching(/"w".*stuck.*reload/s)]);
  });
});

import { describe, expect, test } from "bun:test";
import type { Engine } from "../../src/engine/index.ts";
import { changesOf } from "../../src/graph/changes.ts";
import { engine as engineOf, macrotask, node, plan, sink, source, type TestNode, toEnd } from "../support/engine.ts";
import { packet } from "../support/node.ts";

/** A source that sends one packet at a time, when it is told to. */
function tap() {
  const { promise: first, resolve: send } = Promise.withResolvers<void>();
  async function* run(signal: AbortSignal) {
    const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    await Promise.race([first, ended]);
    if (!signal.aborted) yield packet({ packet_id: "s0" });
    await ended;
  }
  return { node: source("s", run), send };
}

/** A node whose `open` ends when it is let. */
function opening() {
  const { promise, resolve: letGo } = Promise.withResolvers<void>();
  const seen = { opened: 0, closed: 0 };
  const create: TestNode["create"] = () => ({
    process: (one, emit) => emit.out!(one),
    async open() {
      await promise;
      seen.opened += 1;
    },
    close() {
      seen.closed += 1;
    },
  });
  return { node: { ...node("new"), create }, seen, letGo };
}

function reloadTo(engine: Engine, nodes: readonly TestNode[], edges: readonly string[]) {
  const next = plan(nodes, edges);
  return engine.reloads.reload(next, { changes: changesOf(engine.plan, next) });
}

async function settle() {
  for (let at = 0; at < 20; at++) await macrotask();
}

describe("a new node that does not open", () => {
  test("is given up after a minute: the old graph goes on, the next reload is taken, and what opens late is closed", async () => {
    const [s, out, slow] = [tap(), sink("out"), opening()];
    const { engine, host } = engineOf([s.node, out], ["s -> out"]);
    const ended = engine.run();
    await settle();
    const reloading = reloadTo(engine, [s.node, slow.node, out], ["s -> new", "new -> out"]);
    expect(await toEnd(reloading, host, 1_000)).toMatchObject({
      ...{ outcome: "rolled_back", generation: 0 },
      reason: 'node "new" (new) was not open after 60 s',
    });
    const closed = slow.seen.closed;
    slow.letGo();
    await settle();
    expect(slow.seen).toEqual({ opened: 1, closed: closed + 1 });
    expect(await reloadTo(engine, [s.node, node("mid"), out], ["s -> mid", "mid -> out"])).toMatchObject({
      outcome: "reloaded",
    });
    s.send();
    await settle();
    engine.stop("signal");
    await toEnd(ended, host);
    expect(out.ids).toEqual(["s0"]);
  });

  test("keeps a run from ending no longer than it takes to say so", async () => {
    const [s, out, slow] = [tap(), sink("out"), opening()];
    const { engine, host } = engineOf([s.node, out], ["s -> out"]);
    const ended = engine.run();
    await settle();
    const reloading = reloadTo(engine, [s.node, slow.node, out], ["s -> new", "new -> out"]);
    await settle();
    engine.stop("signal");
    await settle();
    // No time has passed: neither that of the node nor that for draining.
    expect(await Promise.race([reloading, settle()])).toMatchObject({ outcome: "rolled_back", reason: "the run ends" });
    await toEnd(ended, host);
  });
});

import { expect, test } from "bun:test";
import { changesOf } from "../../src/graph/changes.ts";
import {
  engine as engineOf,
  macrotask,
  node,
  packets,
  plan,
  sink,
  source,
  type TestHost,
  toEnd,
} from "../support/engine.ts";

const COUNT = 40;
/** More than fit everywhere. */
const ARRAY = 20;
const NUMBERS = packets(COUNT).map(({ packet_id }) => packet_id);

async function settle({ clock }: TestHost) {
  for (let at = 0; at < 20; at++) {
    await macrotask();
    clock.advance(10);
  }
}

/** A sink that stands still until it is let, with all inboxes before it full. */
async function standing() {
  const here = Promise.withResolvers<void>();
  const got: string[] = [];
  const slow = async ({ packet_id }: { packet_id: string }) => {
    await here.promise;
    got.push(packet_id);
  };
  const out = {
    ...sink("out"),
    ...node("out", slow, { kind: "sink", outputs: [] }),
    runtime: { inbox: { capacity: 4 } },
  };
  const mid = node("mid", undefined, { runtime: { inbox: { capacity: 8 } } });
  // Two arrays: the first has begun when it is full everywhere, and leaves the source also while that stands still.
  const all = packets(COUNT);
  const s = source("s", () => [all.slice(0, ARRAY), all.slice(ARRAY)]);
  const [t, x] = [source("t", packets(1, "t")), sink("x")];
  const stuck = node("stuck", () => here.promise);
  const run = engineOf([s, mid, out, t, stuck, x], ["s -> mid", "mid -> out", "t -> stuck", "stuck -> x"]);
  const ended = run.engine.run();
  await settle(run.host);
  const inbox = () => run.engine.snapshot().nodes.find(({ id }) => id === "out")!.inboxes[0]!;
  expect(inbox()).toMatchObject({ depth: 4, capacity: 4 });
  const reload = async (nodes: Parameters<typeof plan>[0], edges: string[]) => {
    const next = plan(nodes, edges);
    const changes = changesOf(run.engine.plan, next);
    const asked = run.engine.reloads.reload(next, { changes, dropState: true, deadlineMs: 100 });
    await settle(run.host);
    return asked;
  };
  return { ...run, ended, s, t, x, stuck, out, got, inbox, reload, here };
}

test("a node is taken out before a sink that stands still: what waits before it moves on, in order", async () => {
  const { s, t, stuck, x, out, reload, inbox, here, ended, host, got } = await standing();
  const edges = ["s -> out", "t -> stuck", "stuck -> x"];
  expect(await reload([s, out, t, stuck, x], edges)).toMatchObject({ outcome: "reloaded" });
  // Beyond its capacity by what was before it, but for the one under way, and no further.
  expect(inbox()).toMatchObject({ capacity: 4 });
  expect(inbox().depth).toBeGreaterThan(4 + 8);
  expect(inbox().depth).toBeLessThanOrEqual(ARRAY - 1);
  here.resolve();
  await toEnd(ended, host);
  expect(got).toEqual(NUMBERS);
});

test("a reload that is taken back leaves inboxes with the bounds they had", async () => {
  const { s, t, x, out, reload, inbox, here, ended, host, got } = await standing();
  // It has a call that does not end, so it is never at rest.
  expect(await reload([s, out, t, x], ["s -> out", "t -> x"])).toMatchObject({
    ...{ outcome: "rolled_back", reason: expect.stringContaining('"stuck" is busy') },
  });
  expect(inbox().capacity).toBe(4);
  // What has moved on stays there.
  expect(inbox().depth).toBe(ARRAY - 1);
  here.resolve();
  await toEnd(ended, host);
  expect(got).toEqual(NUMBERS);
});

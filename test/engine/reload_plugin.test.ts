import { expect, test } from "bun:test";
import { changesOf } from "../../src/graph/changes.ts";
import { engine as engineOf, macrotask, node, plan, sink, source, type TestNode, toEnd } from "../support/engine.ts";

test("packets of nodes that stay cannot be written to once the first plugin is there", async () => {
  let wake = () => {};
  const create: TestNode["create"] = ({ packet }) => ({
    async *run(signal: AbortSignal) {
      signal.addEventListener("abort", () => wake(), { once: true });
      while (!signal.aborted) {
        yield packet({ kind: "raw", payload: 1 });
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  });
  const [s, out] = [{ ...source("s", []), create } as TestNode, sink("out")];
  const { engine, host } = engineOf([s, out], ["s -> out"]);
  const ended = engine.run();
  for (let at = 0; at < 20; at++) await macrotask();
  const made = plan([s, node("p"), out], ["s -> p", "p -> out"]);
  const origin = { path: "p.ts", sha256: "0" } as unknown as "built_in";
  const next = { ...made, nodes: made.nodes.map((one) => (one.id === "p" ? { ...one, origin } : one)) };
  expect(await engine.reloads.reload(next, { changes: changesOf(engine.plan, next) })).toMatchObject({
    outcome: "reloaded",
  });
  wake();
  for (let at = 0; at < 20; at++) await macrotask();
  engine.stop("signal");
  await toEnd(ended, host);
  expect(out.got.map((one) => Object.isFrozen(one))).toEqual([false, true]);
});

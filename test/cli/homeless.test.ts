import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { binary, runCommand } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";

const edge = (durable: string) =>
  `version: 2\nnodes:\n  - { id: gen, plugin: generate_source, config: { count: 1 } }\n  - { id: out, plugin: null_sink }\nedges:\n  - { from: gen, to: out${durable} }\n`;

/** Runs a graph without HOME, as a user whom no list knows when this is root. */
async function homeless(graph: string, ...flags: string[]) {
  using folder = temporaryFolder();
  fs.chmodSync(folder.path, 0o777);
  fs.writeFileSync(path.join(folder.path, "g.yaml"), graph);
  // A checkout may lie where that user cannot go.
  fs.copyFileSync(binary(), path.join(folder.path, "schnitzel"));
  const as = process.getuid?.() === 0 ? ["setpriv", "--reuid", "4321", "--clear-groups"] : [];
  const env = { HOME: undefined, XDG_STATE_HOME: undefined };
  return await runCommand([...as, path.join(folder.path, "schnitzel"), "run", "g.yaml", ...flags], {
    cwd: folder.path,
    env,
  });
}

test("a user without a home runs graphs that keep nothing", async () => {
  expect((await homeless(edge(""))).code).toBe(0);
});

test.if(process.getuid?.() === 0)("a user without a home is told to name the state directory, and can", async () => {
  const { code, stderr } = await homeless(edge(", durable: true"));
  expect([code, stderr]).toEqual([3, expect.stringContaining("give --state-dir DIR")]);
  expect((await homeless(edge(", durable: true"), "--state-dir", "state")).code).toBe(0);
});

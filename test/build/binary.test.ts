import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { buildInfo, VERSION } from "../../scripts/compile.ts";
import { hostTarget } from "../../scripts/targets.ts";
import { run } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";

test("the binary knows its version, commit, target and Bun", async () => {
  const { stdout } = await run(["version", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({
    version: VERSION,
    commit: expect.stringMatching(/^([0-9a-f]{12}(-dirty)?|unknown)$/),
    commit_date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    target: hostTarget().name,
    bun: Bun.version,
  });
});

test("the commit in the binary is the one that was built, and its time is that commit's", () => {
  const { commit, commitSec } = buildInfo();
  expect(commit === "unknown").toBe(commitSec === 0);
});

test("the binary runs no code of a bunfig.toml in the working directory", async () => {
  using folder = temporaryFolder();
  fs.writeFileSync(path.join(folder.path, "bunfig.toml"), 'preload = ["./preload.ts"]\n');
  fs.writeFileSync(
    path.join(folder.path, "preload.ts"),
    'await Bun.write("ran.txt", "");\nconsole.log("PRELOADED");\n',
  );
  const { code, stdout } = await run(["version"], { cwd: folder.path });
  expect(code).toBe(0);
  expect(stdout).not.toContain("PRELOADED");
  expect(fs.existsSync(path.join(folder.path, "ran.txt"))).toBe(false);
});

test("the binary takes no variable from a .env in the working directory", async () => {
  using folder = temporaryFolder();
  // A folder that one only visits must not open the door to its plugins.
  for (const name of [".env", ".env.local", ".env.production"]) {
    fs.writeFileSync(path.join(folder.path, name), "FROM_DOTENV=taken\nALLOW_ALL_PLUGINS=true\n");
  }
  const graph =
    'version: 2\nnodes:\n  - { id: s, plugin: static_source, config: { packets: [{ kind: x, payload: "${FROM_DOTENV:-left}" }] } }\n' +
    "  - { id: o, plugin: print_sink, config: { format: payload } }\nedges: [{ from: s, to: o }]\n";
  fs.writeFileSync(path.join(folder.path, "g.yaml"), graph);
  expect(await run(["run", "g.yaml"], { cwd: folder.path })).toMatchObject({ code: 0, stdout: '"left"\n' });
});

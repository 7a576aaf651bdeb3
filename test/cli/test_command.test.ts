import { afterAll, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "../support/binary.ts";
import { trialFolder } from "../support/trial.ts";

const TESTS = `graph: graph.yaml
given: { station: [{ payload: { t: 35 } }, { payload: { t: 20 } }] }
cases:
  - { name: holds, expect: { nodes: { alarm: [{ payload: { t: 35 } }] }, files: { out/alarm.jsonl: { lines: 1 } } } }
  - { name: "fails & is told", expect: { nodes: { alarm: [{ payload: { t: 36 } }] } } }
`;

const folder = trialFolder(undefined, {
  "a.test.yaml": TESTS,
  "sub/b.test.yaml": TESTS.replace("graph: ", "graph: ../"),
});
afterAll(() => folder[Symbol.dispose]());
const schnitzel = (...args: string[]) => run(["test", ...args], { cwd: folder.folder });

test("schnitzel test ends with 1 when a case fails, and says where, what was expected and what came", async () => {
  const { code, stdout, stderr } = await schnitzel("a.test.yaml");
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  expect(stdout.replace(/\(\d+ ms\)/g, "(N ms)").replace(/\d+\.\d s/, "N s")).toBe(`a.test.yaml
  ok   holds (N ms)
  FAIL fails & is told (N ms)
      a.test.yaml:5:51
      nodes.alarm: packet 1 of 1 differs
        payload.t: expected 36, got 35
2 cases: 1 ok, 1 failed, N s
`);
  expect(fs.existsSync(path.join(folder.folder, "out"))).toBe(false);
});

test("--filter runs some cases, and a name that no case has is an error", async () => {
  expect((await schnitzel(".", "--filter", "holds")).stdout).toContain("2 cases: 2 ok, 0 failed");
  const none = await schnitzel("a.test.yaml", "--filter", "holts");
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('no case has "holts" in its name')]);
});

test("--json and --junit have the same results for machines", async () => {
  const { stdout } = await schnitzel(".", "--json", "--junit", "out.xml");
  const { files, summary } = JSON.parse(stdout);
  expect(files.map((file: { path: string }) => file.path)).toEqual(["a.test.yaml", "sub/b.test.yaml"]);
  expect(files[0].cases[1]).toMatchObject({ ok: false, failures: [{ place: { line: 5, column: 51 } }] });
  expect(summary).toMatchObject({ cases: 4, failed: 2 });
  const xml = fs.readFileSync(path.join(folder.folder, "out.xml"), "utf8");
  expect(xml).toContain('<testsuites name="schnitzel test" tests="4" failures="2"');
  expect(xml).toContain('<testcase classname="a.test.yaml" name="fails &amp; is told"');
  expect(xml).toContain('<failure message="nodes.alarm: packet 1 of 1 differs">');
});

test("--coverage names what no packet passed", async () => {
  const only = path.join(folder.folder, "c.test.yaml");
  fs.writeFileSync(only, TESTS.replace(", { payload: { t: 20 } }", "").replace(/ {2}- \{ name: "fails.*\n/, ""));
  const { code, stdout } = await schnitzel("c.test.yaml", "--coverage");
  fs.rmSync(only);
  expect(code).toBe(0);
  expect(stdout).toContain(`coverage of graph.yaml: 3 of 4 nodes, 2 of 3 output ports
  no packet reached rest
  no packet left by judge.else
`);
});

const SPIN = `import { ANY, defineNode, port, v } from "schnitzel";
export default defineNode({
  name: "spin", kind: "compute", doc: "Loops for ever on 3, ends the process on 4.", config: v.strictObject({}),
  inputs: { in: port(ANY, "In.") }, outputs: { out: port(ANY, "Out.") }, examples: [],
  create: () => ({ process(packet, emit) {
    const { i } = packet.payload;
    while (i === 3) {}
    if (i === 4) process.exit(7);
    emit.out(packet);
  } }),
});
`;
const SPIN_CASES = [1, 3, 4, 2].map(
  (i) => `  - { name: n${i}, given: { s: [{ payload: { i: ${i} } }] }, expect: { nodes: { turn: { count: 1 } } } }\n`,
);

test("a node that never comes back, or ends its process, fails its case alone", async () => {
  const graph = `version: 2\nname: spin\nnodes:\n  - { id: s, plugin: generate_source }\n  - { id: turn, plugin: spin }\n  - { id: end, plugin: null_sink }\nedges: [{ from: s, to: turn }, { from: turn, to: end }]\n`;
  const cases = `graph: graph.yaml\ncases:\n${SPIN_CASES.join("")}`;
  using own = trialFolder(graph, { "plugins/spin.ts": SPIN, "a.test.yaml": cases });
  const { code, stdout } = await run(["test", ".", "--case-seconds", "2"], {
    cwd: own.folder,
    env: { ALLOW_ALL_PLUGINS: "true" },
  });
  expect(code).toBe(1);
  expect(stdout.replace(/\(\d+ ms\)/g, "(N ms)").replace(/\d+(\.\d)? s\b/g, "N s")).toBe(`a.test.yaml
  ok   n1 (N ms)
  FAIL n3 (N ms)
      a.test.yaml:4:7
      node turn did not come back after N s: its process was ended, and the next case has a new one
  FAIL n4 (N ms)
      a.test.yaml:5:7
      its process ended by itself, with code 7, before the case was done
  ok   n2 (N ms)
4 cases: 2 ok, 2 failed, N s
`);
}, 60_000);

test("--junit makes the folder of its file, and a place that cannot be is refused before anything runs", async () => {
  await schnitzel("a.test.yaml", "--junit", "results/deep/out.xml");
  expect(fs.existsSync(path.join(folder.folder, "results/deep/out.xml"))).toBe(true);
  const { code, stdout, stderr } = await schnitzel("a.test.yaml", "--junit", "graph.yaml/out.xml");
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("cannot write --junit graph.yaml/out.xml: ");
});

test.each([
  [["graph.yaml"], "graph.yaml is no test file: its name must end in .test.yaml"],
  [["absent.test.yaml"], "there is no file absent.test.yaml"],
  [["out*"], "out* has no test files"],
])("%j is refused", async (args, message) => {
  const { code, stderr } = await schnitzel(...args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});

test("validate leaves test files to schnitzel test, and says so", async () => {
  const { code, stdout, stderr } = await run(["validate", "."], { cwd: folder.folder });
  expect([code, stdout]).toEqual([0, expect.stringContaining("graph.yaml: ok")]);
  expect(stderr).toContain("skipped a.test.yaml: it is a test, which schnitzel test checks and runs");
});

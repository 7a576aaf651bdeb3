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

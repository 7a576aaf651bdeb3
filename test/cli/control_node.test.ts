import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { folderWith } from "../support/cli.ts";
import { reportOf, running } from "../support/reloading.ts";
import { start } from "../support/running.ts";

const GRAPH = `# the yard
version: 2
name: yard
nodes:
  - { id: s, plugin: generate_source, config: { count: 100000000, rate: 200 } } # 200 a second
  - { id: o, plugin: print_sink }
edges: [{ from: s, to: o }]
`;
const MARK = "{ id: mark, plugin: filter, config: { expr: 'false' } }";

const control = async ({ folder }: { folder: string }, ...args: string[]) => {
  await using command = start(["control", "node", ...args, "--state-dir", "state"], { cwd: folder });
  return await command.ended();
};

const edgesOf = (stdout: string) =>
  reportOf({ stdout }).edges.map(({ from, to }: Record<string, string>) => [from, to]);

test("a node is put into a running graph, replaced, and taken out; the file stays as it is", async () => {
  using folder = folderWith({ "yard.yaml": GRAPH });
  await using program = running(folder);
  await program.saw(/"packet_id"/);
  const put = "{ id: few, plugin: rate_limit, config: { limit: 5 } }";
  const inserted = await control(folder, "insert", "yard", put, "--on", "s->o", "--write", "kept.yaml");
  expect(inserted).toMatchObject({ code: 0, stdout: expect.stringMatching(/node +few +added[\s\S]*reloaded/) });
  const kept = fs.readFileSync(folder.at("kept.yaml"), "utf8");
  expect(kept).toContain("rate: 200 } } # 200 a second");
  expect(kept).toContain("edges: [ { from: s, to: few }, { from: few, to: o } ]");
  // Builds on what runs, which no file that was given says.
  const replaced = await control(folder, "replace", "yard", "few", "{ plugin: rate_limit, config: { limit: 9 } }");
  expect(replaced).toMatchObject({
    ...{ code: 0, stdout: expect.stringMatching(/few +replaced +config\.limit/) },
    stderr: expect.stringContaining("only this run knows of the change"),
  });
  const printed = await control(folder, "remove", "yard", "few", "--print");
  expect([printed.code, printed.stdout]).toEqual([0, GRAPH.replace("[{ from: s, to: o }]", "[ { from: s, to: o } ]")]);
  const removed = await control(folder, "remove", "yard", "few", "--json");
  expect(JSON.parse(removed.stdout)).toMatchObject({ outcome: "reloaded", generation: 3 });
  expect(fs.readFileSync(folder.at("yard.yaml"), "utf8")).toBe(GRAPH);
  const { code, stdout } = await program.stop();
  expect([code, edgesOf(stdout)]).toEqual([0, [["s.out", "o.in"]]]);
}, 60_000);

test("what cannot be done says what is allowed, and the old graph goes on", async () => {
  using folder = folderWith({ "yard.yaml": GRAPH, "there.yaml": "mine" });
  await using program = running(folder);
  await program.saw(/"packet_id"/);
  for (const [args, code, said] of [
    [["insert", "yard", MARK, "--on", "s->oo"], 2, /no edge s->oo[\s\S]*did you mean s->o\?/],
    [["insert", "yard", "{ plugin: filter }", "--on", "s->o"], 2, /the new node has no id[\s\S]*write \{ id: NAME/],
    [["insert", "yard", "{ id: o, plugin: filter }", "--on", "s->o"], 2, /a node o already/],
    [["insert", "yard", MARK], 2, /--on is missing/],
    [["remove", "yard", "q"], 2, /no node q[\s\S]*nodes are s, o/],
    [["replace", "yard", "o", "{ id: p, plugin: null_sink }"], 2, /leave id out/],
    [["insert", "yard", MARK, "--on", "s->o", "--write", "there.yaml"], 2, /there\.yaml would be overwritten/],
    [["insert", "yard", "{ id: x, plugin: filtre }", "--on", "s->o"], 1, /filtre[\s\S]*refused/],
    [["remove", "none", "o"], 2, /no graph of that name/],
  ] as const) {
    const ran = await control(folder, ...args);
    expect([args.join(" "), ran.code, `${ran.stderr}${ran.stdout}`]).toEqual([
      args.join(" "),
      code,
      expect.stringMatching(said),
    ]);
  }
  expect(fs.readFileSync(folder.at("there.yaml"), "utf8")).toBe("mine");
  const { code, stdout } = await program.stop();
  expect([code, edgesOf(stdout)]).toEqual([0, [["s.out", "o.in"]]]);
}, 60_000);

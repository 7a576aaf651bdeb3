import { afterAll, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { exampleProject } from "../graphs/example_project.ts";
import { binary, ROOT, run } from "../support/binary.ts";
import { only, sectionsOf } from "./shown_graphs.ts";

/** What is promised for all tests of graphs/ together. */
const MOST_SECONDS = 10;

const RECIPES = sectionsOf("docs/cookbook.md");
const GRAPH = /^yaml graph=(\w+)$/;
const nameOf = ({ blocks }: (typeof RECIPES)[number]) =>
  blocks.flatMap(({ info }) => GRAPH.exec(info)?.[1] ?? []).join(", ");
const read = (name: string) => fs.readFileSync(path.join(ROOT, "graphs", name), "utf8");

const project = exampleProject();
afterAll(() => project[Symbol.dispose]());

test("the cookbook has ten recipes and more, each with a graph, its tests, a command and what comes out", () => {
  expect(RECIPES.length).toBeGreaterThanOrEqual(10);
  for (const recipe of RECIPES) {
    const name = nameOf(recipe);
    expect(recipe.blocks.map(({ info }) => info)).toEqual([`yaml graph=${name}`, "sh", "console"]);
    expect(read(`${name}.test.yaml`)).toContain(`\ngraph: ${name}.yaml\n`);
  }
});

test("one recipe goes through crashes", () => {
  expect(RECIPES.map(nameOf).filter((name) => read(`${name}.test.yaml`).includes("crash_after"))).not.toEqual([]);
});

test("the cookbook names every graph that has tests", () => {
  const page = fs.readFileSync(path.join(ROOT, "docs/cookbook.md"), "utf8");
  const tested = [...new Bun.Glob("*.test.yaml").scanSync({ cwd: path.join(ROOT, "graphs") })];
  expect(tested.filter((file) => !page.includes(`graphs/${file}`))).toEqual([]);
});

test(`all tests of the examples hold within ${MOST_SECONDS} s`, async () => {
  const child = Bun.spawn([binary(), "test", "graphs/"], { cwd: project.path, stdout: "pipe", timeout: 55_000 });
  const [stdout, code] = await Promise.all([child.stdout.text(), child.exited]);
  expect([code, stdout]).toEqual([0, expect.stringContaining(" 0 failed, ")]);
  // Of the processor: beside other tests on the same cores the wall's clock says nothing.
  expect(Number(child.resourceUsage()!.cpuTime.total) / 1e6).toBeLessThan(MOST_SECONDS);
}, 60_000);

for (const recipe of RECIPES) {
  test(`"${recipe.title}" shows the graph that runs, and what comes of it`, async () => {
    const file = read(`${nameOf(recipe)}.yaml`);
    // What stands above it there is said around it here.
    expect(only(recipe, GRAPH)).toBe(file.slice(file.indexOf("version: 2")));
    const [program, ...args] = only(recipe, /^sh$/).trim().split(" ");
    const { code, stdout } = await run(args, { cwd: project.path });
    const stable = stdout.replace(/\(\d+ ms\)/g, "(N ms)").replace(/\d+\.\d s\n$/, "N s\n");
    expect([program, code, stable]).toEqual(["schnitzel", 0, only(recipe, /^console$/)]);
  });
}

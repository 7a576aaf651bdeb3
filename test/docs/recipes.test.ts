import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { ROOT, run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";

interface Recipe {
  title: string;
  /** By what stands behind the backticks: `yaml`, `text in`, `csv file=x.csv`, `json out`, `json file-out=y`. */
  blocks: { info: string; body: string }[];
}

/** Sections of the page that show a graph. */
const RECIPES: Recipe[] = fs
  .readFileSync(path.join(ROOT, "docs/recipes.md"), "utf8")
  .split(/^## /m)
  .slice(1)
  .map((section) => ({
    title: section.slice(0, section.indexOf("\n")),
    blocks: [...section.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map(([, info, body]) => ({
      info: info!,
      body: body!,
    })),
  }));

const KNOWN = /^(sh|yaml|\w+ (in|out|file=\S+|file-out=\S+))$/;

/** The only block whose mark fits, or an empty text. */
function only({ blocks }: Recipe, mark: RegExp): string {
  const found = blocks.filter(({ info }) => mark.test(info));
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0]?.body ?? "";
}

/** Blocks named after a file: name → text. */
function files({ blocks }: Recipe, mark: "file" | "file-out"): Record<string, string> {
  const named = blocks.map(({ info, body }) => [new RegExp(` ${mark}=(\\S+)$`).exec(info)?.[1], body] as const);
  return Object.fromEntries(named.filter(([name]) => name !== undefined));
}

test("the page has its recipes, each with a graph, an input and an output", () => {
  expect(RECIPES.length).toBeGreaterThanOrEqual(8);
  for (const recipe of RECIPES) {
    expect(recipe.blocks.map(({ info }) => info).filter((info) => !KNOWN.test(info))).toEqual([]);
    expect(only(recipe, /^yaml$/)).not.toBe("");
    const input = only(recipe, / in$/) + Object.values(files(recipe, "file")).join("");
    const output = only(recipe, / out$/) + Object.values(files(recipe, "file-out")).join("");
    expect([recipe.title, input !== "", output !== ""]).toEqual([recipe.title, true, true]);
  }
});

for (const recipe of RECIPES) {
  test(`recipe "${recipe.title}" gives what the page says`, async () => {
    const graph = only(recipe, /^yaml$/);
    const input = files(recipe, "file");
    using folder = folderWith({ ...input, "graph.yaml": graph });
    // A graph that follows a file ends only when it is told to.
    const count = Object.values(input).join("").split("\n").length - 1;
    const flags = graph.includes("follow: true") ? ["--max-packets", String(count)] : [];
    const { code, stdout, stderr } = await run(["run", "graph.yaml", ...flags], {
      cwd: folder.folder,
      stdin: only(recipe, / in$/),
    });
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(only(recipe, / out$/));
    for (const [name, text] of Object.entries(files(recipe, "file-out"))) {
      expect(fs.readFileSync(folder.at(name), "utf8")).toBe(text);
    }
  });
}

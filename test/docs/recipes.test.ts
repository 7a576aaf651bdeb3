import { expect, test } from "bun:test";
import { files, only, runSection, sectionsOf } from "./shown_graphs.ts";

/** Sections of the page that show a graph. */
const RECIPES = sectionsOf("docs/recipes.md");

const KNOWN = /^(sh|yaml|\w+ (in|out|file=\S+|file-out=\S+))$/;

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
  test(`recipe "${recipe.title}" gives what the page says`, () => runSection(recipe));
}

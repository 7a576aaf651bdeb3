import { expect, test } from "bun:test";
import { only, runSection, sectionsOf } from "./shown_graphs.ts";

const SHOWN = sectionsOf("docs/time-and-state.md").filter((section) => only(section, /^yaml$/) !== "");

test("the page shows graphs, each with an input and an output", () => {
  expect(SHOWN.length).toBeGreaterThanOrEqual(5);
  for (const section of SHOWN) {
    expect([section.title, only(section, / in$/) !== "", only(section, / out$/) !== ""]).toEqual([
      section.title,
      true,
      true,
    ]);
  }
});

for (const section of SHOWN) {
  test(`"${section.title}" gives what the page says`, () => runSection(section));
}

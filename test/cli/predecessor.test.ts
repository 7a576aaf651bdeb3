import { expect, test } from "bun:test";
import { modernArguments } from "../../src/cli/predecessor.ts";
import { cli, GOOD_GRAPH } from "../support/cli.ts";

test.each([
  ["--graph g.yaml", "run g.yaml"],
  ["--graph=g.yaml", "run g.yaml"],
  ["--graph g.yaml --report-json --max-events 5", "run g.yaml --report-json --max-packets 5"],
  ["--graph g.yaml --max-events=5", "run g.yaml --max-packets 5"],
  ["--graph g.yaml --max-events -1", "run g.yaml --max-packets 0"],
  ["--report-json", "run --report-json"],
  ["--max-events 5 --graph g.yaml", "run --max-packets 5 g.yaml"],
  ["--graph g.yaml --validate-only", "validate g.yaml"],
  ["--validate-only --graph g.yaml --max-events 5", "validate g.yaml"],
  ["--graph g.yaml --validate-only --report-json", "validate g.yaml --json"],
  ["validate --graph g.yaml", "validate g.yaml"],
  ["validate --graph g.yaml --report-json", "validate g.yaml --json"],
  ["run --graph g.yaml", "run g.yaml"],
])("the predecessor's %p is %p", (old, modern) => {
  expect(modernArguments(old.split(" "))).toEqual(modern.split(" "));
});

test.each(["run g.yaml --report-json", "validate g.yaml --json", "nodes --graph", "version", ""])(
  "%p is left alone",
  (line) => {
    const words = line.split(" ");
    expect(modernArguments(words)).toEqual(words);
  },
);

test("a flag that neither knew is a usage error", async () => {
  const { code, stderr } = await cli(["--graph", "-", "--validate-only", "--verbose"], { stdin: GOOD_GRAPH });
  expect(code).toBe(2);
  expect(stderr).toContain("unknown flag --verbose");
});

import { describe, expect, test } from "bun:test";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";

const reading = (...ids: string[]) => `version: 2
nodes:
${ids.map((id) => `  - { id: ${id}, plugin: stdin_source, config: { format: lines } }\n`).join("")}\
  - { id: show, plugin: print_sink, config: { format: payload } }
edges:
${ids.map((id) => `  - { from: ${id}, to: show }\n`).join("")}`;

describe("standard input", () => {
  test("feeds one source, and a second one is refused with what to do instead", async () => {
    using folder = folderWith({ "g.yaml": reading("one", "two") });
    const { code, stdout, stderr } = await run(["run", "g.yaml"], { cwd: folder.folder, stdin: "a\nb\n" });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("THING_SHARED");
    expect(stderr).toContain("let one node have it, and lead the edges of both there");
  });

  test("that the graph came from is not read again as empty data", async () => {
    const { code, stderr } = await run(["run", "-"], { stdin: reading("one") });
    expect(code).toBe(1);
    expect(stderr).toContain("cannot read standard input as the graph came from there: name a graph file");
    expect(stderr).toContain("\nstdin: error (");
  });
});

import { describe, expect, test } from "bun:test";
import { run } from "../support/binary.ts";
import { cli, folderWith } from "../support/cli.ts";

const GRAPH = `version: 2
name: yard
profiles: { night: { extends: edge_low_power, runtime: { inbox: { capacity: 7 } } } }
nodes:
  - { id: s, plugin: generate_source, config: { count: 2 } }
  - { id: o, plugin: print_sink, config: { format: payload } }
edges: [{ from: s, to: o }]
`;

const capacity = async (flags: string[], env = {}, stdin = GRAPH) => {
  const { code, stdout } = await cli(["graph", "-", "--json", ...flags], { stdin, env });
  const { profile, nodes } = JSON.parse(stdout);
  return { code, profile, capacity: nodes[1].runtime.inbox.capacity };
};

describe("the profile that a graph runs with", () => {
  test("is named by --profile, then by SCHNITZEL_PROFILE, then by the graph", async () => {
    const named = GRAPH.replace("name: yard", "name: yard\nprofile: server_realtime");
    const env = { SCHNITZEL_PROFILE: "offline_batch" };
    expect(await capacity([])).toEqual({ code: 0, profile: null, capacity: 256 });
    expect(await capacity([], {}, named)).toEqual({ code: 0, profile: "server_realtime", capacity: 32 });
    expect(await capacity([], env, named)).toEqual({ code: 0, profile: "offline_batch", capacity: 4_096 });
    expect(await capacity(["--profile", "night"], env, named)).toEqual({ code: 0, profile: "night", capacity: 7 });
    expect(await capacity(["--profile", "none"], env, named)).toEqual({ code: 0, profile: null, capacity: 256 });
    expect(await capacity([], { SCHNITZEL_PROFILE: "" })).toEqual({ code: 0, profile: null, capacity: 256 });
  });

  test("is in the report and the metrics of the binary, which prints what it would without", async () => {
    using project = folderWith({ "yard.yaml": GRAPH });
    const ran = await run(["run", "yard.yaml", "--profile", "night", "--report-json"], { cwd: project.folder });
    const lines = ran.stdout.trimEnd().split("\n");
    const report = JSON.parse(lines.pop()!);
    expect({ code: ran.code, lines, profile: report.profile }).toEqual({
      code: 0,
      lines: ['{"i":0}', '{"i":1}'],
      profile: "night",
    });
    expect(report.inboxes).toMatchObject([{ node: "o", capacity: 7 }]);
  });

  test("is refused where it is asked for when there is none of that name", async () => {
    using project = folderWith({ "yard.yaml": GRAPH });
    const ran = await run(["validate", "yard.yaml", "--profile", "edge_lowpower"], { cwd: project.folder });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("--profile:1:1 UNKNOWN_PROFILE\n");
    expect(ran.stderr).toContain('  1 | edge_lowpower\n    | ^^^^^^^^^^^^^   hint: did you mean "edge_low_power"?\n');
    const { stderr } = await cli(["validate", "-"], { stdin: GRAPH, env: { SCHNITZEL_PROFILE: "nigth" } });
    expect(stderr).toContain("SCHNITZEL_PROFILE:1:1 UNKNOWN_PROFILE\n");
  });
});

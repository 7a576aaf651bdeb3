import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { TEMPLATES } from "../../src/cli/new_graph.ts";
import { ROOT } from "../support/binary.ts";
import { cli, folderWith } from "../support/cli.ts";

describe("new graph", () => {
  test.each(Object.keys(TEMPLATES))("--template %s writes a graph without a finding", async (template) => {
    // What a person brings to the template video.
    using project = folderWith({ "street.mp4": "" });
    const file = project.at("yard.yaml");
    const made = await cli(["new", "graph", file, "--template", template]);
    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(made.stdout).toContain(`next:\n  schnitzel validate ${file}\n`);
    const { code, stderr } = await cli(["validate", file, "--strict"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const written = fs.readFileSync(file, "utf8");
    expect(written).toContain("name: yard\n");
    expect(written).not.toMatch(/NAME|FILE|graphs\//);
  });

  // Examples are run on real pictures by test/graphs, so what is written has been run.
  test.each([
    ["camera", "camera"],
    ["video", "people_in_zone"],
  ] as const)("--template %s is the example graphs/%s.yaml: copy what was changed there", (template, example) => {
    const text = fs.readFileSync(path.join(ROOT, `graphs/${example}.yaml`), "utf8");
    const named = text.replaceAll(`graphs/${example}.yaml`, "FILE.yaml").replaceAll(`name: ${example}`, "name: NAME");
    expect(TEMPLATES[template].graph).toBe(named);
  });

  test("writes the data that a template reads beside it", async () => {
    using project = folderWith({});
    const { stdout } = await cli(["new", "graph", project.at("table.yaml"), "--template", "csv", "--json"]);
    expect(JSON.parse(stdout).written).toEqual([project.at("table.yaml"), project.at("table.csv")]);
    expect(fs.readFileSync(project.at("table.csv"), "utf8")).toStartWith("time,place,celsius\n");
  });

  test("overwrites nothing, not even the data, unless forced", async () => {
    using project = folderWith({ "table.csv": "mine" });
    const args = ["new", "graph", project.at("table.yaml"), "--template", "csv"];
    const { code, stderr } = await cli(args);
    expect(code).toBe(2);
    expect(stderr).toContain(`${project.at("table.csv")} would be overwritten`);
    expect(fs.readdirSync(project.folder)).toEqual(["table.csv"]);
    expect((await cli([...args, "--force"])).code).toBe(0);
  });

  test.each(["yard", "yard.json", ".yaml", "a b.yaml", "-x.yaml", "a:b.yaml"])("refuses %p as a name", async (name) => {
    using project = folderWith({});
    const { code, stderr } = await cli(["new", "graph", "--", project.at(name)]);
    expect(code).toBe(2);
    expect(stderr).toContain("is no name for a graph file");
  });

  test("with an unknown template names the ones there are", async () => {
    const { code, stderr } = await cli(["new", "graph", "x.yaml", "--template", "webhook"]);
    expect(code).toBe(2);
    expect(stderr).toContain("--template must be one of minimal, sensor, csv, camera, video, vision-mock");
  });

  test("says why a file cannot be written", async () => {
    using project = folderWith({ file: "" });
    const { code, stderr } = await cli(["new", "graph", project.at("file/yard.yaml")]);
    expect(code).toBe(2);
    expect(stderr).toContain("cannot write");
  });
});

describe("new plugin", () => {
  test.each(["transform", "source", "sink"])(
    "--kind %s writes a plugin that passes its check, locks and is used by a graph",
    async (kind) => {
      using project = folderWith({});
      const options = { cwd: project.folder };
      const made = await cli(["new", "plugin", "flow_meter", "--kind", kind, "--json"], options);
      expect(JSON.parse(made.stdout)).toMatchObject({
        written: ["plugins/flow_meter.ts"],
        use: "plugin: flow_meter:FlowMeter",
      });
      const { code, stdout } = await cli(["plugin", "check", "--json"], options);
      expect({ code, plugins: JSON.parse(stdout).plugins }).toMatchObject({
        code: 0,
        plugins: [{ id: "flow_meter", ok: true, nodes: [{ export: "FlowMeter", kind, faults: [] }] }],
      });
      expect((await cli(["plugin", "lock"], options)).code).toBe(0);
      expect((await cli(["nodes", "flow_meter:FlowMeter"], options)).stdout).toStartWith("# flow_meter\n");
    },
  );

  test("overwrites nothing unless forced", async () => {
    using project = folderWith({ "plugins/a.ts": "mine" });
    const options = { cwd: project.folder };
    expect((await cli(["new", "plugin", "a"], options)).code).toBe(2);
    expect(fs.readFileSync(project.at("plugins/a.ts"), "utf8")).toBe("mine");
    expect((await cli(["new", "plugin", "a", "--force"], options)).code).toBe(0);
  });

  test.each(["FlowMeter", "flow-meter", "1st", "../evil", "a/b", ""])("refuses %p as a name", async (name) => {
    using project = folderWith({});
    const { code, stderr } = await cli(["new", "plugin", name], { cwd: project.folder });
    expect(code).toBe(2);
    expect(stderr).toContain("is no name for a plugin");
  });
});

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { type Check, machineChecks } from "../../src/cli/doctor/checks.ts";
import type { Machine } from "../../src/cli/doctor/machine.ts";
import { osPaths } from "../../src/cli/paths.ts";
import { lockFolder } from "../../src/registry/index.ts";
import { BAD_GRAPH, cli, folderWith, GOOD_GRAPH } from "../support/cli.ts";
import { passThrough, pluginFolder } from "../support/plugins.ts";

const GIB = 1024 ** 3;
const MADE_AT = "2026-06-01T00:00:00.000Z";

/** What is wrong with a machine that differs in this from a good one, as `status name`. */
function faultsOf(changes: Partial<Machine>): string[] {
  const machine: Machine = {
    platform: "linux",
    arch: "x64",
    libc: "glibc 2.36",
    paths: { config: "/etc/schnitzel", state: "/var/lib/schnitzel", logs: "/var/log/schnitzel", models: "/models" },
    canWrite: () => true,
    freeBytes: () => 10 * GIB,
    tmp: "/tmp",
    openFiles: 1_048_576,
    terminals: [],
    nowMs: Date.parse("2026-06-02T00:00:00Z"),
    env: {},
    ...changes,
  };
  const wrong = machineChecks(machine, MADE_AT).filter(({ status }) => status !== "ok");
  for (const check of wrong) expect(check.hint).toBeString();
  return wrong.map(({ status, name }) => `${status} ${name}`);
}

describe("doctor finds", () => {
  const without = (folder: string) => ({ canWrite: (at: string) => at !== folder });
  const free = (bytes: number) => ({ freeBytes: (at: string) => (at === "/tmp" ? bytes : 10 * GIB) });
  const cases: [string, Partial<Machine>, string[]][] = [
    ["nothing on a good machine", {}, []],
    ["a state folder that cannot be written", without("/var/lib/schnitzel"), ["fault state_dir"]],
    ["a log folder that cannot be written", without("/var/log/schnitzel"), ["fault log_dir"]],
    ["a folder for temporary files that cannot be written", without("/tmp"), ["fault tmp_dir"]],
    ["nothing in a config folder that cannot be written", without("/etc/schnitzel"), []],
    ["a full disk", free(50 * 1024 ** 2), ["fault disk_tmp"]],
    ["a disk that is nearly full", free(GIB / 2), ["warning disk_tmp"]],
    ["nothing in a disk that says nothing", { freeBytes: () => undefined }, []],
    ["too few open files", { openFiles: 128 }, ["fault open_files"]],
    ["few open files", { openFiles: 512 }, ["warning open_files"]],
    ["nothing without a limit of open files", { openFiles: undefined }, []],
    ["a clock that starts in 1970", { nowMs: 1_000 }, ["fault clock"]],
    ["nothing in a clock that is an hour behind the build", { nowMs: Date.parse(MADE_AT) - 3_600_000 }, []],
    ["plugins without a lock", { env: { ALLOW_ALL_PLUGINS: "true" } }, ["warning environment"]],
    ["plugins that are not allowed after all", { env: { ALLOW_ALL_PLUGINS: "false" } }, []],
    ["plugins by prefix", { env: { ALLOWED_PLUGIN_PREFIXES: "own" } }, ["warning environment"]],
    ["options for Bun", { env: { BUN_OPTIONS: "--preload=/x.js" } }, ["warning environment"]],
    ["unchecked certificates", { env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } }, ["warning environment"]],
  ];
  test.each(cases)("%s", (_, changes, found) => expect(faultsOf(changes)).toEqual(found));
});

describe("doctor", () => {
  /** Exit code and the check of this name. */
  async function checked(name: string, args: string[], cwd: string) {
    const { code, stdout } = await cli(["doctor", ...args, "--json"], { cwd });
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Check[] };
    expect(code).toBe(ok ? 0 : 3);
    return { code, ...checks.find((check) => check.name === name) };
  }

  test("says what it looked at, one line each, and how many faults there are", async () => {
    using empty = folderWith({});
    const { code, stdout, stderr } = await cli(["doctor"], { cwd: empty.folder });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const name of ["system", "state_dir", "disk_state", "open_files", "clock", "plugins"]) {
      expect(stdout).toMatch(new RegExp(`^ok +${name} `, "m"));
    }
    expect(stdout).toMatch(/\n0 faults, \d+ warnings?\n$/);
  });

  test("finds plugins as locked, without a lock, and changed since", async () => {
    const dir = pluginFolder({ "one.ts": passThrough() });
    const plugins = () => checked("plugins", ["--plugins", dir], "/");
    expect(await plugins()).toMatchObject({ code: 0, status: "warning", detail: expect.stringContaining("no lock") });
    lockFolder(dir);
    expect(await plugins()).toMatchObject({ code: 0, status: "ok", detail: `${dir}: 1 plugin, as locked` });
    fs.appendFileSync(`${dir}/one.ts`, "// changed\n");
    expect(await plugins()).toMatchObject({ code: 3, status: "fault", detail: expect.stringContaining("one changed") });
  });

  test("checks a graph with the files it reads", async () => {
    const reads = GOOD_GRAPH.replace(
      "generate_source, config: { count: 2 }",
      "file_source, config: { path: in.csv, format: csv }",
    );
    using graphs = folderWith({ "good.yaml": GOOD_GRAPH, "bad.yaml": BAD_GRAPH, "reads.yaml": reads });
    const graph = (name: string) => checked("graph", [graphs.at(name)], graphs.folder);
    expect(await graph("good.yaml")).toMatchObject({ code: 0, status: "ok" });
    expect(await graph("bad.yaml")).toMatchObject({ code: 3, status: "fault" });
    expect(await graph("reads.yaml")).toMatchObject({
      code: 3,
      detail: `${graphs.at("reads.yaml")}: 1 error, 0 warnings`,
    });
    expect(await graph("none.yaml")).toMatchObject({ code: 3, status: "fault" });
    const { stderr } = await cli(["doctor", graphs.at("reads.yaml")], { cwd: graphs.folder });
    expect(stderr).toContain("RESOURCE_MISSING");
    // Five times doctor, and each tries a model.
  }, 20_000);

  test("looks for the models of a graph", async () => {
    const graph = (model: string) => `version: 2
nodes:
  - { id: scene, plugin: video_test_source }
  - { id: look, plugin: detector, config: { model: ${model} } }
  - { id: end, plugin: null_sink }
edges: [{ from: scene, to: look }, { from: look.detections, to: end }]
`;
    using graphs = folderWith({
      "good.yaml": graph("coco_small"),
      "typo.yaml": graph("coco_smal"),
      "export.yaml": graph("best.pt"),
      "best.pt": "",
    });
    const model = (name: string) => checked("model", [graphs.at(name)], graphs.folder);
    expect(await model("good.yaml")).toMatchObject({ code: 0, status: "ok" });
    expect(await model("typo.yaml")).toMatchObject({
      code: 3,
      detail: expect.stringContaining("did you mean coco_small?"),
    });
    expect(await model("export.yaml")).toMatchObject({ code: 3, detail: expect.stringContaining("yolo export") });
  }, 20_000);
});

describe("osPaths()", () => {
  const linux = { platform: "linux" as const, env: {}, home: "/home/ann", isRoot: false };

  test("are XDG's defaults for a person on Linux", () => {
    expect(osPaths(linux)).toEqual({
      config: "/home/ann/.config/schnitzel",
      state: "/home/ann/.local/state/schnitzel",
      logs: "/home/ann/.local/state/schnitzel/log",
      models: "/home/ann/.local/share/schnitzel/models",
    });
  });

  test("are the machine's for root on Linux", () => {
    expect(osPaths({ ...linux, isRoot: true })).toEqual({
      config: "/etc/schnitzel",
      state: "/var/lib/schnitzel",
      logs: "/var/log/schnitzel",
      models: "/usr/local/share/schnitzel/models",
    });
  });

  test("follow XDG's variables, also for root, unless they are relative", () => {
    const env = { XDG_STATE_HOME: "/data/state", XDG_CONFIG_HOME: "relative", XDG_DATA_HOME: "/data" };
    expect(osPaths({ ...linux, isRoot: true, env })).toEqual({
      config: "/etc/schnitzel",
      state: "/data/state/schnitzel",
      logs: "/data/state/schnitzel/log",
      models: "/data/schnitzel/models",
    });
  });

  test("are in the Library on macOS and in ProgramData on Windows", () => {
    expect(osPaths({ ...linux, platform: "darwin", home: "/Users/ann" })).toEqual({
      config: "/Users/ann/Library/Application Support/schnitzel",
      state: "/Users/ann/Library/Application Support/schnitzel/state",
      logs: "/Users/ann/Library/Logs/schnitzel",
      models: "/Users/ann/Library/Application Support/schnitzel/models",
    });
    expect(osPaths({ ...linux, platform: "win32", env: { ProgramData: "D:\\Data" } }).state).toBe(
      "D:\\Data\\schnitzel\\state",
    );
  });
});

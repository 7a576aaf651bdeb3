import { describe, expect, test } from "bun:test";
import type { Command, Group } from "../../src/cli/command/index.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { dispatch } from "../../src/cli/dispatch.ts";
import { cli, testTerminal } from "../support/cli.ts";

test("schnitzel without arguments shows its commands", async () => {
  const { code, stdout } = await cli([]);
  expect(code).toBe(0);
  for (const name of Object.keys(COMMANDS.commands)) expect(stdout).toContain(`  ${name}`);
});

test("an unknown command is a usage error with a suggestion", async () => {
  const { code, stdout, stderr } = await cli(["validat", "x.yaml"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain('unknown command "validat"');
  expect(stderr).toContain("did you mean validate?");
});

test("a flag in front of the command is a usage error", async () => {
  const { code, stderr } = await cli(["--json", "version"]);
  expect(code).toBe(2);
  expect(stderr).toContain("flags stand behind the command");
});

test("an unknown flag is a usage error with a suggestion", async () => {
  const { code, stderr } = await cli(["version", "--jsn"]);
  expect(code).toBe(2);
  expect(stderr).toContain("did you mean --json?");
});

test.each([
  [["version", "--json=yes"], "--json takes no value"],
  [["version", "--json", "--json"], "--json is given twice"],
  [["version", "extra"], 'unexpected argument "extra"'],
  [["version", "-j"], "unknown flag -j"],
  [["validate"], "PATH is missing"],
  [["validate", "x.yaml", "--set"], "--set needs a value"],
  [["validate", "x.yaml", "--set", "--json"], "--json looks like a flag"],
  [["graph", "x.yaml", "--format", "png"], "--format must be one of text, mermaid, svg, json"],
  [["run", "--max-packets", "1.5"], "--max-packets must be a whole number"],
  [["run", "--max-packets", "-1"], "--max-packets needs a value, and -1 looks like a flag"],
  [["run", "--max-seconds", "soon"], "--max-seconds must be a number"],
  [["validate", "x.yaml", "--max-graph-bytes", "big"], "--max-graph-bytes must be a size"],
  [["validate", "x.yaml", "--env-file", ""], "--env-file must not be empty"],
  [["validate", "x.yaml", "--env-file", "/nowhere/env"], "cannot read --env-file"],
  [["validate", "x.yaml", "--plugins", "/nowhere/plugins"], "--plugins /nowhere/plugins is not there"],
])("%j is a usage error that says why", async (argv, reason) => {
  const { code, stdout, stderr } = await cli(argv);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(reason);
});

test("what stands behind -- is an argument, whatever it looks like", async () => {
  const { code, stderr } = await cli(["validate", "--", "--json"]);
  expect(code).toBe(2);
  expect(stderr).toContain('"--json" as there is no such file');
});

test("a group without a command shows its commands and is a usage error", async () => {
  const { code, stdout, stderr } = await cli(["plugin"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("Usage: schnitzel plugin COMMAND");
});

test("a fault of the program itself ends with code 1 and says where", async () => {
  const terminal = testTerminal();
  terminal.out = () => {
    throw new Error("disk on fire");
  };
  expect(await dispatch(["version"], terminal)).toBe(1);
  expect(terminal.written.stderr).toMatch(/^schnitzel version failed: Error: disk on fire\n +at /);
});

/** Every command with its way to it. */
async function commandsOf(group: Group, path: string[] = []): Promise<[string, Command][]> {
  const all: [string, Command][] = [];
  for (const [name, entry] of Object.entries(group.commands)) {
    const { command } = await entry.load();
    if ("run" in command) all.push([[...path, name].join(" "), command]);
    const commands = "run" in command ? (entry.commands ?? {}) : command.commands;
    all.push(...(await commandsOf({ commands }, [...path, name])));
  }
  return all;
}

describe("every command", () => {
  const commands = commandsOf(COMMANDS);

  test("has --json when it prints results", async () => {
    const without = (await commands).filter(([, { flags }]) => flags.json === undefined).map(([path]) => path);
    // The results of a run are the graph's data, and its report has a flag of its own; a state is printed as JSON always.
    expect(without.sort()).toEqual(["replay", "run", "state show"]);
  });

  test("has help with an example and exit codes, by --help, -h and help", async () => {
    for (const [path] of await commands) {
      const words = path.split(" ");
      const { code, stdout, stderr } = await cli([...words, "--help"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(new RegExp(`Usage: schnitzel ${path}\\b`));
      expect(stdout).toContain(`Examples:\n  schnitzel ${path}`);
      expect(stdout).toContain("Exit codes:\n  0");
      expect((await cli([...words, "-h"])).stdout).toBe(stdout);
      expect((await cli(["help", ...words])).stdout).toBe(stdout);
    }
  });

  test("has help that fits 80 columns, but for command lines", async () => {
    for (const [path] of await commands) {
      const { stdout } = await cli(["help", ...path.split(" ")]);
      const lines = stdout.split("\n").filter((line) => !line.startsWith("  schnitzel "));
      expect(lines.filter((line) => line.length > 80)).toEqual([]);
    }
  });

  test("has examples that are its own command line", async () => {
    for (const [path, { examples }] of await commands) {
      for (const [line] of examples) expect(line).toStartWith(`schnitzel ${path}`);
    }
  });
});

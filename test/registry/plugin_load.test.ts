import { describe, expect, test } from "bun:test";
import * as path from "node:path";
import { readPlugin } from "../../src/registry/plugin_file.ts";
import { probe } from "../../src/registry/probe.ts";
import { ROOT } from "../support/binary.ts";
import { packet, startNode } from "../support/node.ts";
import { passThrough, pluginFolder, registryOn } from "../support/plugins.ts";

/** What loading a plugin with this text gives. */
async function load(text: string, { address = "one:Pass", file = "one.ts", deadlineMs = 20_000 } = {}) {
  return registryOn(pluginFolder({ [file]: text }), { deadlineMs }).resolve(address);
}

const failed = (fact: string) => ({
  found: false,
  code: "PLUGIN_LOAD_FAILED",
  message: expect.stringMatching(new RegExp(`^Cannot .*one.*${RegExp.escape(fact)}`, "s")),
});

describe("a plugin on trial", () => {
  test("that loops for ever is killed at the deadline", async () => {
    expect(await load("for (;;);", { deadlineMs: 1_000 })).toMatchObject(
      failed("one.ts did not finish within 1000 ms"),
    );
  });

  test("that waits for ever is killed at the deadline", async () => {
    const text = `await new Promise(() => {});${passThrough()}`;
    expect(await load(text, { deadlineMs: 1_000 })).toMatchObject(failed("did not finish within 1000 ms"));
  });

  test("that leaves a process behind is not waited for longer than itself", async () => {
    const left = 'Bun.spawn(["sleep", "8"], { stdout: "inherit" });';
    const startedMs = performance.now();
    expect(await load(`${left} for (;;);`, { deadlineMs: 500 })).toMatchObject(failed("did not finish within 500 ms"));
    const trial = `if (process.env.SCHNITZEL_PLUGIN_TRIAL) ${left}`;
    expect(await load(passThrough(trial))).toMatchObject({ found: true });
    expect(performance.now() - startedMs).toBeLessThan(6_000);
  });

  test.each(["{", "null", "5", '{"ok":true}', '{"ok":false,"code":"NOPE","message":"x"}'])(
    "that prints a made-up report %p and ends is refused",
    async (report) => {
      const text = `console.log(${JSON.stringify(`schnitzel-probe-report:${report}`)}); process.exit(0);`;
      expect(await load(text)).toMatchObject(failed("ended the process (exit code 0)"));
    },
  );

  test("that throws is refused with what it threw and where", async () => {
    const text = `\nthrow new RangeError("no sensor");`;
    expect(await load(text)).toMatchObject(failed("one.ts threw while loading: RangeError: no sensor (plugin:one.ts@"));
  });

  test("that throws something odd is refused", async () => {
    for (const odd of [
      "undefined",
      "null",
      "7",
      "{}",
      "Object.create(null)",
      "{ toString() { throw 1; } }",
      "Symbol()",
    ]) {
      expect(await load(`throw ${odd};`)).toMatchObject(failed("one.ts threw while loading"));
    }
  });

  test("that ends the process is refused", async () => {
    expect(await load("process.exit(0);")).toMatchObject(failed("ended the process (exit code 0)"));
    expect(await load("process.kill(process.pid, 'SIGKILL');")).toMatchObject(failed("ended the process"));
  });

  test("that prints without end is refused", async () => {
    expect(await load("for (;;) console.log('x'.repeat(100_000));")).toMatchObject(failed("ended the process"));
  });

  test("that prints a little and leaves a timer running is loaded", async () => {
    expect(await load(passThrough("setInterval(() => {}, 1); console.log('hello');"))).toMatchObject({ found: true });
  });

  test("sees nothing of this process's environment", async () => {
    process.env.SCHNITZEL_TEST_SECRET = "hunter2";
    const told = "throw new Error(Object.keys(process.env).join());";
    expect(await load(told)).toMatchObject(failed("Error: SCHNITZEL_PLUGIN_TRIAL (plugin:"));
  });

  test("is tried out by the program's own entry, too", async () => {
    const dir = pluginFolder({ "one.ts": passThrough() });
    const command = [process.execPath, path.join(ROOT, "src/main.ts")];
    const nodes = await probe(readPlugin(dir, "one", "one.ts"), { command, deadlineMs: 20_000 });
    expect(nodes).toMatchObject([{ export: "Pass", name: "pass", kind: "transform" }]);
  });
});

describe("a plugin's text", () => {
  test("with a syntax error is refused with its place", async () => {
    expect(await load("const a = 1;\nconst b = = 2;")).toMatchObject(failed("one.ts is not valid: line 2, column 11"));
  });

  for (const [what, text, module] of [
    ["a module of the system", 'import * as fs from "node:fs"; fs.statSync("/");', "node:fs"],
    ["a package", 'import "left-pad";', "left-pad"],
    ["a file beside it", 'export * from "./other.ts";', "./other.ts"],
    ["a module while running", 'const os = () => import("node:os");', "node:os"],
    ["a module by require", 'const fs = require("fs");', "fs"],
    ["bun's own", 'import { Database } from "bun:sqlite"; new Database();', "bun:sqlite"],
  ] as const) {
    test(`that imports ${what} is refused`, async () => {
      expect(await load(`${text}\n${passThrough()}`)).toMatchObject({
        ...failed(`imports "${module}": only "schnitzel" is allowed`),
        hint: expect.stringContaining("the node's context"),
      });
    });
  }

  test("may import types from anywhere: they are gone when it runs", async () => {
    expect(await load(passThrough('import type { Stats } from "node:fs"; let s: Stats | undefined;'))).toMatchObject({
      found: true,
    });
  });

  test("that imports a name the API does not have is refused", async () => {
    const text = 'import { defineNod } from "schnitzel"; export const Pass = defineNod;';
    expect(await load(text)).toMatchObject(failed("'defineNod' not found in module 'schnitzel'"));
  });

  test("in JavaScript is loaded", async () => {
    expect(await load(passThrough(), { file: "one.js" })).toMatchObject({ found: true });
  });

  test("in JavaScript with types in it is refused", async () => {
    expect(await load(passThrough("const a: number = 1;"), { file: "one.js" })).toMatchObject(
      failed("one.js is not valid"),
    );
  });
});

describe("a plugin's exports", () => {
  const node = (fields: string) => `import { defineNode, port, v } from "schnitzel";
    export const Pass = defineNode({ name: "pass", kind: "sink", doc: "Ends.", config: v.strictObject({}),
      inputs: { in: port("*", "All.") }, examples: [], create: () => ({ process() {} }), ${fields} });`;

  test("may be more than nodes", async () => {
    expect(await load(passThrough("export const helper = () => 1;"))).toMatchObject({ found: true });
  });

  test("without a node are refused", async () => {
    expect(await load("export const Pass = { name: 'pass' };")).toMatchObject(failed("one.ts exports no node"));
  });

  test("without the one that was asked for are refused, and those there are named", async () => {
    expect(await load(passThrough("export const other = {};"), { address: "one:other" })).toMatchObject({
      ...failed("exports no node of that name"),
      hint: "use one:Pass",
    });
  });

  for (const [what, fields, fault] of [
    ["a name that is not snake_case", 'name: "Pass On"', "name is wrong"],
    ["a kind there is not", 'kind: "filter"', "kind is wrong"],
    ["a config that is no schema", "config: { type: 'object' }", "config is wrong: must be a valibot schema"],
    ["a config that must be awaited", "config: v.objectAsync({})", "config is wrong: must be a valibot schema"],
    ["a port that is none", "inputs: { in: 'all' }", "inputs.in is wrong"],
    ["a port name that edges cannot name", 'inputs: { "a.b": port("*", "All.") }', "is no port name"],
    ["no doc", "doc: ''", "doc is wrong"],
    ["no examples", "examples: undefined", "examples is wrong"],
    ["no create", "create: undefined", "create is wrong"],
    ["no input", "inputs: {}", "inputs are wrong: a sink has at least one"],
    ["an input on a source", 'kind: "source"', "inputs are wrong: a source has none"],
  ] as const) {
    test(`with a node that has ${what} are refused`, async () => {
      expect(await load(node(fields))).toMatchObject(failed(fault));
    });
  }

  test("are found by the plugin's name alone when there is one node", async () => {
    expect(await load(passThrough(), { address: "one" })).toMatchObject({ found: true, definition: { name: "pass" } });
  });

  test("are found by the plugin's name alone when one of several is the default", async () => {
    const two = `${passThrough()}export default Pass;\n`;
    const text = `${two}export const Other = defineNode({ ...Pass, name: "other", create: Pass.create });`;
    expect(await load(text, { address: "one" })).toMatchObject({ found: true, definition: { name: "pass" } });
    expect(await load(text, { address: "one:Other" })).toMatchObject({ found: true, definition: { name: "other" } });
  });

  test("are not guessed at when there are several nodes and no default", async () => {
    const text = `${passThrough()}export const Other = defineNode({ ...Pass, name: "other", create: Pass.create });`;
    expect(await load(text, { address: "one" })).toMatchObject({
      ...failed("exports 2 and none as default"),
      hint: "use one:Other, one:Pass",
    });
  });

  test("run in this process, under a name that a stack trace shows", async () => {
    const text = passThrough().replace("emit.out(packet)", '{ throw new Error("in process"); }');
    const resolution = await load(text);
    if (!resolution.found) throw new Error(resolution.message);
    const { process } = startNode(resolution.definition);
    const error = await process(packet()).catch((thrown: Error) => thrown);
    expect((error as Error).stack).toMatch(/plugin:one\.ts@[0-9a-f]{16}:\d+:\d+/);
  });

  test("are names of the registry once loaded", async () => {
    const { registry, resolve } = registryOn(pluginFolder({ "one.ts": passThrough() }));
    expect(registry.names()).not.toContain("one:Pass");
    await resolve("one:Pass");
    expect(registry.names()).toContain("one:Pass");
  });
});

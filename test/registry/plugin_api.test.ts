import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import * as pluginApi from "../../src/node/plugin_api.ts";
import { checkPlugin, findPlugins } from "../../src/registry/index.ts";
import { ROOT } from "../support/binary.ts";
import { lock, passThrough, pluginFolder, registryOn, writePlugin } from "../support/plugins.ts";

const { major, minor } = pluginApi.PLUGIN_API;
const FIXTURES = path.join(ROOT, "test/fixtures/plugins");

/** The frozen sample of one API version, in a folder only this user can write. */
function frozen(version: string): string {
  return pluginFolder({ "sample.ts": fs.readFileSync(path.join(FIXTURES, `api-${version}`, "sample.ts"), "utf8") });
}

const api = (version: string) => passThrough(`export const api = "${version}";`);

describe("plugin API", () => {
  for (let older = 0; older <= minor; older++) {
    test(`${major}.${older}: a plugin of its time loads, and its examples hold`, async () => {
      const found = findPlugins(frozen(`${major}.${older}`))!;
      const result = await checkPlugin(found.dir, found.plugins[0]!, { deadlineMs: 20_000 });
      expect(result).toMatchObject({ ok: true, faults: [], lock: "no_lock" });
      expect(
        result.nodes.flatMap(({ faults, examples }) => [...faults, ...examples.flatMap((run) => run.faults)]),
      ).toEqual([]);
    });
  }

  test("1.0's sample uses every name that 1.0 serves", () => {
    const text = fs.readFileSync(path.join(FIXTURES, "api-1.0/sample.ts"), "utf8");
    const imported = text.slice(text.indexOf("import {"), text.indexOf("} from"));
    for (const name of ["v", "WholeFloat", "ANY", "idempotencyKey", "replace", "defineNode", "PLUGIN_API", "port"]) {
      expect(imported).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });

  test("1.1's sample uses every name that 1.1 added", () => {
    const text = fs.readFileSync(path.join(FIXTURES, "api-1.1/sample.ts"), "utf8");
    const imported = text.slice(text.indexOf("import {"), text.indexOf("} from"));
    for (const name of ["Unavailable", "Rejected", "PacketFailure", "FailureKind"]) {
      expect(imported).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });

  test("1.2's sample uses every name that 1.2 added", () => {
    const text = fs.readFileSync(path.join(FIXTURES, "api-1.2/sample.ts"), "utf8");
    const imported = text.slice(text.indexOf("import {"), text.indexOf("} from"));
    for (const name of ["eventTimeMs", "Hold", "Cell", "Cells", "CellUse", "CellValue", "ExampleInput"]) {
      expect(imported).toMatch(new RegExp(`\\b${name}\\b`));
    }
    for (const member of ["advance", "wake", "hold", "carry", "wakeAfter", "share", "release", "fail"]) {
      expect(text).toMatch(new RegExp(`\\b${member}\\(`));
    }
    for (const member of ["cells", "stateVersion", "passes", "snapshot", "restore", "to", "inputs"]) {
      expect(text).toMatch(new RegExp(`\\b${member}(:|\\()`));
    }
  });

  test("has no name without a promise: what is served is what the types declare", () => {
    const types = fs.readFileSync(path.join(ROOT, "src/registry/schnitzel.d.ts.txt"), "utf8");
    const declared = [...types.matchAll(/^export (?:declare (?:const|function|class) (\w+)|\{ (v) \})/gm)];
    const names = new Set(declared.map(([, name, namespace]) => name ?? namespace));
    expect([...names].sort()).toEqual(Object.keys(pluginApi).sort());
  });

  for (const version of [`${major}.${minor + 1}`, `${major + 1}.0`, "0.9"]) {
    test(`${version} is refused before anything of the plugin runs`, async () => {
      const dir = pluginFolder({ "one.ts": `throw new Error("it ran");\n${api(version)}` });
      expect(await registryOn(dir).resolve("one:Pass")).toMatchObject({
        found: false,
        code: "PLUGIN_API_MISMATCH",
        message: expect.stringContaining(`was written for plugin API ${version}`),
      });
    });
  }

  test("of a plugin that does not say is the one it was locked under", async () => {
    const dir = pluginFolder({ "one.ts": passThrough() });
    lock(dir);
    const file = path.join(dir, "plugins.lock.yaml");
    expect(fs.readFileSync(file, "utf8")).toContain(`api: "${major}.${minor}"`);
    writePlugin(
      dir,
      "plugins.lock.yaml",
      fs.readFileSync(file, "utf8").replace(/api: .*/, `api: ${major}.${minor + 1}`),
    );
    expect(await registryOn(dir, { env: {} }).resolve("one:Pass")).toMatchObject({ code: "PLUGIN_API_MISMATCH" });
  });

  test("of a plugin that carries its own copy of it is looked at, too", async () => {
    const copy = passThrough().replace("export const Pass =", "const Own =");
    const text = `${copy}export const Pass = { ...Own, api: { major: ${major + 1}, minor: 0 } };
      Object.defineProperty(Pass, Symbol.for("schnitzel.node_definition"), { value: true });`;
    expect(await registryOn(pluginFolder({ "one.ts": text })).resolve("one:Pass")).toMatchObject({
      code: "PLUGIN_API_MISMATCH",
    });
  });
});

import { describe, expect, test } from "bun:test";
import { BUILT_IN, loadBuiltIn } from "../../src/nodes/list.ts";
import { createRegistry } from "../../src/registry/index.ts";
import { passThrough, pluginFolder, registryOn } from "../support/plugins.ts";

describe("the registry", () => {
  test("resolves every built-in node by its name", async () => {
    const registry = createRegistry({ env: {} });
    for (const definition of await loadBuiltIn()) {
      await registry.prepare([definition.name]);
      expect(registry.resolve(definition.name)).toEqual({ found: true, definition, origin: "built_in" });
    }
  });

  test("has the names of all built-in nodes before it loads one", () => {
    const names = createRegistry({ env: {} }).names();
    expect(names).toEqual(expect.arrayContaining([...BUILT_IN.keys()]));
  });

  test("throws when it is asked for a node that was not prepared", () => {
    expect(() => createRegistry({ env: {} }).resolve("filter")).toThrow('prepare() was not called for node "filter"');
  });

  test("suggests the built-in that was meant", () => {
    expect(createRegistry({ env: {} }).resolve("rate_limt")).toMatchObject({
      code: "UNKNOWN_PLUGIN",
      hint: "did you mean rate_limit?",
    });
  });

  test("suggests the plugin that was meant, with and without its export", async () => {
    const { resolve } = registryOn(pluginFolder({ "loiter.ts": passThrough() }));
    expect(await resolve("loitr:Pass")).toMatchObject({ code: "UNKNOWN_PLUGIN", hint: "did you mean loiter?" });
    expect(await resolve("loitr")).toMatchObject({ code: "UNKNOWN_PLUGIN", hint: "did you mean loiter?" });
  });

  test("says which files it looked for", async () => {
    const dir = pluginFolder();
    const resolution = await registryOn(dir).resolve("loiter:Loiter");
    expect(resolution).toHaveProperty("message", expect.stringContaining(`${dir} has no loiter.ts`));
  });

  test("has no plugins without a folder", async () => {
    const registry = createRegistry({ env: { ALLOW_ALL_PLUGINS: "true" } });
    await registry.prepare(["loiter:Loiter"]);
    expect(registry.resolve("loiter:Loiter")).toMatchObject({ code: "UNKNOWN_PLUGIN" });
  });

  test("has no plugins in a folder that is not there, or that is a file", async () => {
    const dir = pluginFolder({ "file.txt": "" });
    for (const missing of [`${dir}/none`, `${dir}/file.txt`]) {
      expect(await registryOn(missing).resolve("loiter:Loiter")).toMatchObject({ code: "UNKNOWN_PLUGIN" });
      expect(registryOn(missing).registry.names()).not.toContain("loiter");
    }
  });

  test("takes a built-in's name for the built-in, whatever plugins there are", async () => {
    const { resolve } = registryOn(pluginFolder({ "filter.ts": passThrough() }));
    expect(await resolve("filter")).toMatchObject({ found: true, origin: "built_in" });
    expect(await resolve("filter:Pass")).toMatchObject({ found: true, origin: { file: "filter.ts" } });
  });

  for (const address of [
    "../evil:Node",
    "a/b:Node",
    "/etc/passwd:Node",
    "a\\b:Node",
    "a..b:Node",
    "a\0b:Node",
    ".hid:Node",
  ]) {
    test(`refuses ${JSON.stringify(address)} as the name of a plugin`, async () => {
      const { resolve } = registryOn(pluginFolder());
      expect(await resolve(address)).toMatchObject({
        found: false,
        code: "UNKNOWN_PLUGIN",
        message: expect.stringContaining("the plugin's name must be"),
      });
    });
  }

  for (const address of ["con:Node", "nul.foo:Node", "com1:Node", "Upper:Node", `${"a".repeat(65)}:Node`]) {
    test(`refuses ${address} as no file system of every kind could hold it`, async () => {
      const { resolve } = registryOn(pluginFolder());
      expect(await resolve(address)).toHaveProperty("message", expect.stringContaining("the plugin's name must be"));
    });
  }

  test("refuses an export that is no name", async () => {
    const { resolve } = registryOn(pluginFolder({ "loiter.ts": passThrough() }));
    expect(await resolve("loiter:")).toHaveProperty("message", expect.stringContaining("the name of an export"));
    expect(await resolve("loiter:a b")).toMatchObject({ found: false, code: "UNKNOWN_PLUGIN" });
  });
});

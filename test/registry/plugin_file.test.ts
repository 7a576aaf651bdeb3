import { describe, expect, mock, spyOn, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { MAX_PLUGIN_BYTES } from "../../src/registry/plugin_file.ts";
import { passThrough, pluginFolder, registryOn, writePlugin } from "../support/plugins.ts";

const refusal = (fact: string) => ({
  found: false,
  code: "PLUGIN_NOT_ALLOWED",
  message: expect.stringContaining(fact),
});

describe("a plugin file", () => {
  test("is loaded from name.ts, name.js and name/plugin.ts", async () => {
    const dir = pluginFolder({ "one.ts": passThrough(), "two.js": passThrough(), "three/plugin.ts": passThrough() });
    const { resolve } = registryOn(dir);
    expect(await resolve("one:Pass")).toMatchObject({ found: true, origin: { file: "one.ts" } });
    expect(await resolve("two:Pass")).toMatchObject({ found: true, origin: { file: "two.js" } });
    expect(await resolve("three:Pass")).toMatchObject({ found: true, origin: { file: "three/plugin.ts" } });
  });

  test("is refused when two files could be it", async () => {
    const { resolve } = registryOn(pluginFolder({ "one.ts": passThrough(), "one/plugin.ts": passThrough() }));
    expect(await resolve("one:Pass")).toMatchObject({
      code: "PLUGIN_LOAD_FAILED",
      message: expect.stringContaining("one.ts and one/plugin.ts both stand in"),
    });
  });

  test("is refused when it is a symbolic link, even to a file of the same folder", async () => {
    const dir = pluginFolder({ "real.ts": passThrough() });
    fs.symlinkSync("real.ts", path.join(dir, "linked.ts"));
    expect(await registryOn(dir).resolve("linked:Pass")).toMatchObject(refusal("symbolic link"));
  });

  test("is refused when its folder is a symbolic link", async () => {
    const dir = pluginFolder();
    fs.symlinkSync(pluginFolder({ "plugin.ts": passThrough() }), path.join(dir, "linked"));
    expect(await registryOn(dir).resolve("linked:Pass")).toMatchObject(refusal("symbolic link"));
  });

  test("is loaded when the plugin folder itself is reached by a symbolic link, as an operator may set it up", async () => {
    const link = path.join(pluginFolder(), "plugins");
    fs.symlinkSync(pluginFolder({ "one.ts": passThrough() }), link);
    expect(await registryOn(link).resolve("one:Pass")).toMatchObject({ found: true });
  });

  for (const [who, mode] of [
    ["its group", 0o664],
    ["everybody", 0o646],
  ] as const) {
    test(`is refused when ${who} can write it`, async () => {
      const dir = pluginFolder({ "one.ts": passThrough() });
      fs.chmodSync(path.join(dir, "one.ts"), mode);
      expect(await registryOn(dir).resolve("one:Pass")).toMatchObject({
        ...refusal(`can be written by others (mode ${mode.toString(8)})`),
        hint: expect.stringContaining("chmod go-w"),
      });
    });
  }

  test("is refused when it belongs to somebody else", async () => {
    const dir = pluginFolder({ "one.ts": passThrough() });
    const { uid } = fs.statSync(dir);
    // Only root can give a file away; anybody else is made a stranger to the own one.
    if (uid === 0) fs.chownSync(path.join(dir, "one.ts"), 12_345, 0);
    else spyOn(process, "getuid").mockReturnValue(uid + 1);
    expect(await registryOn(dir).resolve("one:Pass")).toMatchObject(
      refusal(`belongs to user ${uid === 0 ? 12_345 : uid}`),
    );
    mock.restore();
  });

  test("is refused when it has a second hard link", async () => {
    const dir = pluginFolder({ "one.ts": passThrough() });
    fs.linkSync(path.join(dir, "one.ts"), path.join(pluginFolder(), "other-name"));
    expect(await registryOn(dir).resolve("one:Pass")).toMatchObject(refusal("has 2 hard links"));
  });

  test("is refused above 5 MB, and loaded at 5 MB", async () => {
    const text = passThrough();
    const filled = (bytes: number) => text + " ".repeat(bytes - text.length);
    const dir = pluginFolder({ "large.ts": filled(MAX_PLUGIN_BYTES), "larger.ts": filled(MAX_PLUGIN_BYTES + 1) });
    const { resolve } = registryOn(dir);
    expect(await resolve("large:Pass")).toMatchObject({ found: true });
    expect(await resolve("larger:Pass")).toMatchObject(refusal("has 5000001 bytes: at most 5000000 are allowed"));
  });

  test("is refused when it is a folder", async () => {
    const dir = pluginFolder();
    fs.mkdirSync(path.join(dir, "one.ts"));
    expect(await registryOn(dir).resolve("one:Pass")).toMatchObject(refusal("is not a regular file"));
  });

  test("is refused when it is a pipe, without waiting for a writer", async () => {
    const dir = pluginFolder();
    expect(Bun.spawnSync(["mkfifo", "-m", "644", path.join(dir, "one.ts")]).success).toBe(true);
    expect(await registryOn(dir).resolve("one:Pass")).toMatchObject(refusal("is not a regular file"));
  });

  test("is refused when it is not UTF-8", async () => {
    const dir = pluginFolder({ "one.ts": "" });
    fs.writeFileSync(path.join(dir, "one.ts"), new Uint8Array([0x2f, 0x2f, 0xff]));
    expect(await registryOn(dir).resolve("one:Pass")).toMatchObject({
      code: "PLUGIN_LOAD_FAILED",
      message: expect.stringContaining("is not UTF-8 text"),
    });
  });

  test("counts by what was read first: a later change does not reach this run", async () => {
    const dir = pluginFolder({ "one.ts": passThrough() });
    const { registry, resolve } = registryOn(dir);
    const first = await resolve("one:Pass");
    writePlugin(dir, "one.ts", "throw new Error('exchanged');");
    await registry.prepare(["one:Pass"]);
    expect(registry.resolve("one:Pass")).toEqual(first);
  });
});

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { segmentPrefix } from "../../src/registry/allowlist.ts";
import { formatLock, parseLock } from "../../src/registry/lock.ts";
import { lock, passThrough, pluginFolder, registryOn, writePlugin } from "../support/plugins.ts";

const notAllowed = (fact: string) => ({
  found: false,
  code: "PLUGIN_NOT_ALLOWED",
  message: expect.stringContaining(fact),
});

const EVERYTHING = { ALLOW_ALL_PLUGINS: "true", ALLOWED_PLUGIN_PREFIXES: "one" };

describe("without a lock a plugin", () => {
  test("is refused when nothing allows it, and the way out is named", async () => {
    const { resolve, warnings } = registryOn(pluginFolder({ "one.ts": passThrough() }), { env: {} });
    expect(await resolve("one:Pass")).toMatchObject({
      ...notAllowed("has no plugins.lock.yaml"),
      hint: expect.stringContaining("schnitzel plugin lock"),
    });
    expect(warnings).toEqual([]);
  });

  for (const value of ["1", "true", "yes", "TRUE"]) {
    test(`is loaded with ALLOW_ALL_PLUGINS=${value}, with one warning for all`, async () => {
      const dir = pluginFolder({ "one.ts": passThrough(), "two.ts": passThrough() });
      const { resolve, warnings } = registryOn(dir, { env: { ALLOW_ALL_PLUGINS: value } });
      expect(await resolve("one:Pass")).toMatchObject({ found: true });
      expect(await resolve("two:Pass")).toMatchObject({ found: true });
      expect(warnings).toEqual([expect.stringContaining("ALLOW_ALL_PLUGINS")]);
    });
  }

  for (const value of ["0", "false", "on", ""]) {
    test(`is refused with ALLOW_ALL_PLUGINS=${JSON.stringify(value)}`, async () => {
      const dir = pluginFolder({ "one.ts": passThrough() });
      const { resolve } = registryOn(dir, { env: { ALLOW_ALL_PLUGINS: value } });
      expect(await resolve("one:Pass")).toMatchObject({ code: "PLUGIN_NOT_ALLOWED" });
    });
  }

  test("is loaded when a prefix names it, with a warning, and its look-alike is refused", async () => {
    const dir = pluginFolder({ "foo.ts": passThrough(), "foo.bar.ts": passThrough(), "foobar.ts": passThrough() });
    const { resolve, warnings } = registryOn(dir, { env: { ALLOWED_PLUGIN_PREFIXES: " other , foo." } });
    expect(await resolve("foo:Pass")).toMatchObject({ found: true });
    expect(await resolve("foo.bar:Pass")).toMatchObject({ found: true });
    expect(await resolve("foobar:Pass")).toMatchObject({ code: "PLUGIN_NOT_ALLOWED" });
    expect(warnings).toEqual([expect.stringContaining("ALLOWED_PLUGIN_PREFIXES lets other, foo run")]);
  });

  test("is refused when the list of prefixes is only commas", async () => {
    const dir = pluginFolder({ "foo.ts": passThrough() });
    const { resolve } = registryOn(dir, { env: { ALLOWED_PLUGIN_PREFIXES: ", ,." } });
    expect(await resolve("foo:Pass")).toMatchObject({ code: "PLUGIN_NOT_ALLOWED" });
  });
});

test("a prefix ends where a segment does", () => {
  const covered = ["foo", "foo.bar", "foo/bar"].map((name) => segmentPrefix("foo", name));
  const others = ["foobar", "foo_bar", "foo-bar", "fo", "a.foo"].map((name) => segmentPrefix("foo", name));
  expect([...covered, ...others]).toEqual([true, true, true, false, false, false, false, false]);
});

describe("with a lock a plugin", () => {
  test("is loaded when its bytes are the locked ones, without a warning", async () => {
    const dir = pluginFolder({ "one.ts": passThrough() });
    lock(dir);
    const { resolve, warnings } = registryOn(dir, { env: {} });
    expect(await resolve("one:Pass")).toMatchObject({ found: true, origin: { file: "one.ts" } });
    expect(warnings).toEqual([]);
  });

  test("is refused after a change of one byte", async () => {
    const dir = pluginFolder({ "one.ts": passThrough() });
    lock(dir);
    writePlugin(dir, "one.ts", `${passThrough()} `);
    expect(await registryOn(dir, { env: EVERYTHING }).resolve("one:Pass")).toMatchObject(notAllowed("one.ts changed"));
  });

  test("is refused when the lock does not name it, whatever the environment says", async () => {
    const dir = pluginFolder({ "one.ts": passThrough() });
    lock(dir);
    writePlugin(dir, "two.ts", passThrough());
    const { resolve } = registryOn(dir, { env: { ...EVERYTHING, ALLOWED_PLUGIN_PREFIXES: "two" } });
    expect(await resolve("two:Pass")).toMatchObject(notAllowed("does not name it"));
  });

  test("is the locked file, where a second file of its name was put beside it", async () => {
    const dir = pluginFolder({ "one.js": passThrough() });
    lock(dir);
    writePlugin(dir, "one.ts", "throw new Error('not this one');");
    expect(await registryOn(dir, { env: {} }).resolve("one:Pass")).toMatchObject({
      found: true,
      origin: { file: "one.js" },
    });
  });

  for (const [what, spoil] of [
    [
      "that is a symbolic link",
      (file: string) => {
        fs.renameSync(file, `${file}.real`);
        fs.symlinkSync(`${file}.real`, file);
      },
    ],
    ["that others can write", (file: string) => fs.chmodSync(file, 0o666)],
    ["that is empty", (file: string) => fs.writeFileSync(file, "")],
    ["that is too large", (file: string) => fs.appendFileSync(file, `#${" ".repeat(64 * 1024)}`)],
  ] as const) {
    test(`is refused under a lock ${what}`, async () => {
      const dir = pluginFolder({ "one.ts": passThrough() });
      lock(dir);
      spoil(path.join(dir, "plugins.lock.yaml"));
      expect(await registryOn(dir, { env: EVERYTHING }).resolve("one:Pass")).toMatchObject(
        notAllowed("Cannot load any plugin"),
      );
    });
  }
});

describe("a lock", () => {
  const entry = { id: "one", file: "one.ts", sha256: "0".repeat(64), api: "1.0" };
  const text = formatLock([entry]);

  test("reads as it was written", () => {
    expect(parseLock(text, "lock")).toEqual([entry]);
    expect(parseLock(formatLock([]), "lock")).toEqual([]);
  });

  test("may be written by hand, with a hash of digits and a version without quotes", () => {
    const byHand = `version: 1\nplugins: [{ id: one, file: one.ts, sha256: ${"1".repeat(64)}, api: 1.10 }]\n`;
    expect(parseLock(byHand, "lock")).toEqual([{ ...entry, sha256: "1".repeat(64), api: "1.10" }]);
  });

  for (const [what, broken] of [
    ["an unknown key", text.replace("    api:", "    caps: all\n    api:")],
    ["a missing hash", text.replace(/ {4}sha256.*\n/, "")],
    ["a hash that is none", text.replace("0000", "wxyz")],
    ["another version", text.replace("version: 1", "version: 2")],
    ["an id that is none", text.replace("id: one", "id: ../one")],
    ["a file outside", text.replace("file: one.ts", "file: ../one.ts")],
    ["a file of another plugin", text.replace("file: one.ts", "file: two.ts")],
    ["an id twice", text + text.slice(text.indexOf("  - id"))],
    ["a key twice", `${text}version: 1\n`],
    ["an alias", text.replace("id: one", "id: &a one").replace('api: "1.0"', "api: *a")],
    ["text that is not YAML", "version: [1"],
    ["a list", "- 1"],
  ] as const) {
    test(`with ${what} is refused`, () => {
      expect(broken).not.toBe(text);
      expect(() => parseLock(broken, "plugins.lock.yaml")).toThrow(
        expect.objectContaining({
          code: "PLUGIN_NOT_ALLOWED",
          message: expect.stringContaining("plugins.lock.yaml is not a valid lock"),
        }),
      );
    });
  }
});

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { dispatch } from "../../src/cli/dispatch.ts";
import { ROOT } from "../support/binary.ts";
import { passThrough, pluginFolder, registryOn, writePlugin } from "../support/plugins.ts";

/** Runs `schnitzel plugin …` in a folder. */
async function plugin(words: readonly string[], cwd = ROOT) {
  const [out, err]: string[][] = [[], []];
  const code = await dispatch(["plugin", ...words], {
    out: (text) => void out!.push(text),
    err: (text) => void err!.push(text),
    color: false,
    env: {},
    cwd,
    stdin: async () => new Uint8Array(),
  });
  const [stdout, stderr] = [out!.join(""), err!.join("")];
  return { code, stdout, stderr, json: () => JSON.parse(stdout) };
}

const LOCK = "plugins.lock.yaml";

describe("schnitzel plugin lock", () => {
  test("writes a lock that the loader accepts, readable by all and writable by nobody else", async () => {
    const dir = pluginFolder({
      "one.ts": passThrough(),
      "two/plugin.js": passThrough(),
      "one.test.ts": "",
      "a.d.ts": "",
    });
    const { code, stdout } = await plugin(["lock", dir]);
    expect({
      code,
      lines: stdout
        .trim()
        .split("\n")
        .map((line) => line.split(/ +/).slice(0, 3)),
    }).toMatchObject({
      code: 0,
      lines: [
        ["added", "one", "one.ts"],
        ["added", "two", "two/plugin.js"],
        ["wrote", `${dir}/${LOCK}`],
      ],
    });
    expect(fs.statSync(path.join(dir, LOCK)).mode & 0o777).toBe(0o644);
    expect(await registryOn(dir, { env: {} }).resolve("two:Pass")).toMatchObject({ found: true });
  });

  test("leaves a lock with a fault alone, and the way out that it names works", async () => {
    const dir = pluginFolder({ "one.ts": passThrough() });
    fs.writeFileSync(path.join(dir, LOCK), "plugins: 3\n");
    const refused = await plugin(["lock", dir]);
    expect([refused.code, fs.readFileSync(path.join(dir, LOCK), "utf8")]).toEqual([1, "plugins: 3\n"]);
    expect(refused.stderr).toContain("hint: correct it, or remove it and run `schnitzel plugin lock`");
    fs.rmSync(path.join(dir, LOCK));
    expect(await plugin(["lock", dir])).toMatchObject({ code: 0 });
  });

  test("shows what changed, and writes it", async () => {
    const dir = pluginFolder({ "gone.ts": passThrough(), "kept.ts": passThrough(), "new.ts": passThrough() });
    await plugin(["lock", dir]);
    fs.rmSync(path.join(dir, "gone.ts"));
    writePlugin(dir, "new.ts", passThrough("// better"));
    const { json } = await plugin(["lock", dir, "--json"]);
    expect(json()).toMatchObject({
      schema_version: 1,
      written: true,
      changes: [
        { id: "kept", what: "unchanged" },
        { id: "new", what: "changed", sha256: expect.any(String), was: expect.any(String) },
        { id: "gone", what: "removed" },
      ],
    });
    expect(await plugin(["lock", dir, "--check"])).toMatchObject({ code: 0, stderr: "" });
  });

  test("with --check writes nothing and fails when the lock is not up to date", async () => {
    const dir = pluginFolder({ "one.ts": passThrough() });
    expect(await plugin(["lock", dir, "--check"])).toMatchObject({ code: 1 });
    expect(fs.existsSync(path.join(dir, LOCK))).toBe(false);
    await plugin(["lock", dir]);
    writePlugin(dir, "one.ts", passThrough("// changed"));
    expect(await plugin(["lock", dir, "--check"])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^changed +one +one\.ts +\w{12} -> \w{12}\n$/),
      stderr: expect.stringContaining("is not up to date"),
    });
  });

  test("writes nothing when a plugin could not be loaded as it stands", async () => {
    const dir = pluginFolder({ "good.ts": passThrough(), "bad.ts": 'import "node:fs";' });
    expect(await plugin(["lock", dir])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/PLUGIN_LOAD_FAILED: .*imports "node:fs".*stays as it was/s),
    });
    expect(fs.existsSync(path.join(dir, LOCK))).toBe(false);
  });

  test("refuses two files that could be one plugin", async () => {
    const dir = pluginFolder({ "one.ts": passThrough(), "one.js": passThrough() });
    expect(await plugin(["lock", dir])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("more than one file"),
    });
  });

  test("runs nothing of a plugin", async () => {
    const dir = pluginFolder({ "one.ts": "for (;;);" });
    expect(await plugin(["lock", dir])).toMatchObject({ code: 0 });
  });

  test("refuses a folder that is not there", async () => {
    expect(await plugin(["lock", "no/such/folder"])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("there is no folder no/such/folder"),
    });
  });

  test("finds this project's own example plugins as they were locked", async () => {
    expect(await plugin(["lock", "--check"])).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("schnitzel plugin check", () => {
  test("passes this project's example plugins, and the examples in them", async () => {
    const { code, stdout, stderr } = await plugin(["check"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("hysteresis.ts: ok, as locked\n  hysteresis:Hysteresis (policy), 2 of 2 examples hold\n");
  });

  test("passes the plugin that docs/plugins.md shows", async () => {
    const page = fs.readFileSync(path.join(ROOT, "docs/plugins.md"), "utf8");
    const shown = /```ts\n(\/\/ plugins\/double\.ts\n.*?)```/s.exec(page)![1]!;
    expect(await plugin(["check", pluginFolder({ "double.ts": shown })])).toMatchObject({ code: 0, stderr: "" });
  });

  test("names an example that does not hold, with what came out", async () => {
    const dir = pluginFolder({ "one.ts": passThrough().replace('out: ["cam01"]', 'out: ["cam02"]') });
    expect(await plugin(["check", path.join(dir, "one.ts")])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(
        "one.ts: refused, the folder has no lock\n  one:Pass (transform), 0 of 1 examples",
      ),
      stderr: expect.stringContaining(
        'example "Nothing changes": port out should give ["cam02"], it gave [{"packet_id"',
      ),
    });
  });

  test("names a config that takes unknown keys, a missing example and a doc that is no sentence", async () => {
    const sloppy = passThrough()
      .replace("v.strictObject", "v.object")
      .replace(/examples: .*/, "examples: [],")
      .replace("Passes packets on.", "pass");
    const dir = pluginFolder({ "one/plugin.ts": sloppy });
    const { code, json } = await plugin(["check", path.join(dir, "one/plugin.ts"), "--json"]);
    expect({ code, ...json() }).toMatchObject({
      code: 1,
      plugins: [
        {
          id: "one",
          file: "one/plugin.ts",
          ok: false,
          nodes: [
            {
              export: "Pass",
              faults: [
                expect.stringContaining("has no example"),
                expect.stringContaining("no sentence"),
                expect.stringContaining("v.strictObject"),
              ],
            },
          ],
        },
      ],
    });
  });

  test("ends with a node whose example never does", async () => {
    const dir = pluginFolder({ "one.ts": passThrough().replace("emit.out(packet)", "{ for (;;); }") });
    expect(await plugin(["check", dir])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("did not finish within 5000 ms"),
    });
  }, 20_000);

  test("tells a plugin that changed since it was locked, and one that is not in the lock", async () => {
    const dir = pluginFolder({ "one.ts": passThrough() });
    await plugin(["lock", dir]);
    writePlugin(dir, "one.ts", passThrough("// changed"));
    writePlugin(dir, "two.ts", passThrough());
    const { code, json } = await plugin(["check", dir, "--json"]);
    expect({ code, plugins: json().plugins }).toMatchObject({
      code: 0,
      plugins: [
        { id: "one", lock: "changed" },
        { id: "two", lock: "not_listed" },
      ],
    });
  });

  for (const [what, target] of [
    ["a path that is not there", "no/such/plugin.ts"],
    ["a file that is no plugin", "README.md"],
  ] as const) {
    test(`refuses ${what}`, async () => {
      expect(await plugin(["check", target])).toMatchObject({ code: 2, stdout: "" });
    });
  }
});

describe("schnitzel plugin types", () => {
  test("writes what type-checks plugins without node_modules", async () => {
    const dir = pluginFolder(
      Object.fromEntries(
        ["plugins/hysteresis.ts", "plugins/moving_average.ts", "test/fixtures/plugins/api-1.0/sample.ts"].map(
          (file) => [path.basename(file), fs.readFileSync(path.join(ROOT, file), "utf8")],
        ),
      ),
    );
    expect(await plugin(["types", dir])).toMatchObject({ code: 0 });
    expect(tsc(dir)).toEqual({ ok: true, output: "" });
    writePlugin(dir, "wrong.ts", passThrough().replace("emit.out(", "emit.exces("));
    expect(tsc(dir)).toMatchObject({ ok: false, output: expect.stringContaining("'exces' does not exist") });
  });

  test("declares the API as the sources have it", async () => {
    const dir = pluginFolder({ "same.ts": SAME_TYPES });
    await plugin(["types", dir]);
    fs.writeFileSync(
      path.join(dir, "tsconfig.json"),
      JSON.stringify({
        extends: path.join(ROOT, "tsconfig.json"),
        compilerOptions: {
          typeRoots: [path.join(ROOT, "node_modules/@types")],
          paths: { sources: [path.join(ROOT, "src/node/plugin_api.ts")] },
        },
        include: ["same.ts"],
      }),
    );
    expect(tsc(dir)).toEqual({ ok: true, output: "" });
  });

  test("keeps a tsconfig.json of one's own", async () => {
    const dir = pluginFolder({ "tsconfig.json": "{}" });
    const { json } = await plugin(["types", dir, "--json"]);
    expect(json().files).toEqual([
      { file: "schnitzel.d.ts", what: "written" },
      { file: "valibot.d.ts", what: "written" },
      { file: "tsconfig.json", what: "kept" },
    ]);
    expect(fs.readFileSync(path.join(dir, "tsconfig.json"), "utf8")).toBe("{}");
  });
});

/** Fails to compile when the declared types and those of the sources are not the same. */
const SAME_TYPES = `import type * as declared from "./schnitzel.d.ts";
import type * as sources from "sources";

/** Identical, so an optional member that one of them lacks shows, too. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : never;
/** Files are declared with the part of a file's status that plugins may rely on. */
type Context<C> = Omit<C, "files" | "fetch">;

export const same: [
  Same<declared.StreamPacket, sources.StreamPacket>,
  Same<declared.PacketFields, sources.PacketFields>,
  Same<declared.Meta, sources.Meta>,
  Same<declared.NodeLog, sources.NodeLog>,
  Same<Context<declared.NodeContext>, Context<sources.NodeContext>>,
  Same<declared.NodeInstance, sources.NodeInstance>,
  Same<declared.SourceInstance, sources.SourceInstance>,
  Same<declared.Example, sources.Example>,
  Same<declared.Emit<"out">, sources.Emit<"out">>,
  Same<declared.Hold, sources.Hold>,
  Same<declared.Cells, sources.Cells>,
  Same<declared.Cell, sources.Cell>,
  Same<declared.CellUse, sources.CellUse>,
  Same<declared.ExampleInput, sources.ExampleInput>,
  Same<typeof declared.eventTimeMs, typeof sources.eventTimeMs>,
  Same<typeof declared.port, typeof sources.port>,
  Same<typeof declared.idempotencyKey, typeof sources.idempotencyKey>,
  Same<typeof declared.ANY, typeof sources.ANY>,
  Same<typeof declared.PLUGIN_API, typeof sources.PLUGIN_API>,
] = [true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true];

export const usable = (context: sources.NodeContext): declared.NodeContext => context;
`;

function tsc(dir: string) {
  const { success, stdout } = Bun.spawnSync([
    process.execPath,
    path.join(ROOT, "node_modules/typescript/bin/tsc"),
    "-p",
    dir,
  ]);
  return { ok: success, output: stdout.toString() };
}

import { describe, expect, test } from "bun:test";
import { BUILT_IN } from "../../src/nodes/list.ts";
import { lockFolder } from "../../src/registry/index.ts";
import { cli, folderWith } from "../support/cli.ts";
import { passThrough, pluginFolder } from "../support/plugins.ts";

test("nodes lists every built-in node by domain, with kind and first sentence", async () => {
  using empty = folderWith({});
  const { code, stdout, stderr } = await cli(["nodes"], { cwd: empty.folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  for (const name of BUILT_IN.keys()) expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
  expect(stdout).toMatch(/^flow$/m);
  expect(stdout).toMatch(/^ {2}rate_limit +policy +Passes at most `limit` packets per window for each source;/m);
});

test("nodes --json has ports, config schema and examples of each", async () => {
  using empty = folderWith({});
  const { stdout } = await cli(["nodes", "--json"], { cwd: empty.folder });
  const { schema_version, nodes } = JSON.parse(stdout);
  expect(schema_version).toBe(1);
  expect(nodes).toHaveLength(BUILT_IN.size);
  expect(nodes.find(({ name }: { name: string }) => name === "rate_limit")).toMatchObject({
    domain: "flow",
    kind: "policy",
    inputs: { in: { kinds: "*" } },
    outputs: { out: {}, excess: {} },
    inputs_vary: false,
    outputs_vary: false,
    config: { properties: { limit: { type: "integer", minimum: 1 } }, required: ["limit"] },
  });
});

test("nodes NAME prints the node's page", async () => {
  const { code, stdout } = await cli(["nodes", "rate_limit"]);
  expect(code).toBe(0);
  expect(stdout).toStartWith("# rate_limit\n\nA policy. In a graph: `plugin: rate_limit`\n");
  expect(stdout).toContain("| out | `excess` | any |  | Over the limit. |");
  expect(stdout).toContain("| `limit` | whole number ≥ 1 | required | Packets passed per source and window. |");
  expect(stdout).toContain("| `window_ms` | whole number ≥ 1 | `1000` | Window length. |");
  expect(stdout).toContain("plugin: rate_limit\nconfig: { limit: 1 }\n");
});

test("nodes NAME describes keys inside lists and maps, and says when ports follow from the config", async () => {
  const { stdout } = await cli(["nodes", "route"]);
  expect(stdout).toContain("| `rules` | list of map or map | required |");
  expect(stdout).toContain("| `rules[].when` | text | required |");
  expect(stdout).toContain("The outputs follow from the config");
});

test("nodes takes an address of the predecessor", async () => {
  const { stdout } = await cli(["nodes", "schnitzel_stream.nodes.dev:StaticSource"]);
  expect(stdout).toStartWith("# static_source\n");
});

test("nodes with an unknown name is a usage error with a suggestion", async () => {
  const { code, stdout, stderr } = await cli(["nodes", "rate_limt"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("did you mean rate_limit?");
});

describe("a plugin", () => {
  test("that is locked is listed with its address, shown and part of the schema", async () => {
    const dir = pluginFolder({ "one.ts": passThrough() });
    lockFolder(dir);
    const { stdout, stderr } = await cli(["nodes", "--plugins", dir]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^plugin\n {2}one:Pass {2}transform {2}Passes packets on\.$/m);
    expect((await cli(["nodes", "one:Pass", "--plugins", dir])).stdout).toContain("`plugin: one:Pass`");
    const schema = JSON.parse((await cli(["schema", "--plugins", dir])).stdout);
    expect(schema.definitions["config_one:Pass"]).toMatchObject({ type: "object" });
  });

  test("that nothing allows is told on stderr and left out", async () => {
    const dir = pluginFolder({ "one.ts": passThrough() });
    const { code, stdout, stderr } = await cli(["nodes", "--plugins", dir]);
    expect(code).toBe(0);
    expect(stdout).not.toContain("one:Pass");
    expect(stderr).toContain('Cannot load plugin "one" as nothing allows it');
  });

  test("that only the environment allows loads with a warning", async () => {
    const dir = pluginFolder({ "one.ts": passThrough() });
    const { stdout, stderr } = await cli(["nodes", "--plugins", dir], { env: { ALLOW_ALL_PLUGINS: "true" } });
    expect(stdout).toContain("one:Pass");
    expect(stderr).toContain("For development only");
  });
});

test("schema accepts what validate accepts, by name", async () => {
  using empty = folderWith({});
  const { code, stdout } = await cli(["schema"], { cwd: empty.folder });
  const schema = JSON.parse(stdout);
  expect(code).toBe(0);
  expect(schema.$schema).toBe("http://json-schema.org/draft-07/schema#");
  for (const name of BUILT_IN.keys()) expect(schema.definitions).toHaveProperty(`config_${name}`);
});

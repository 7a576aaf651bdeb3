import { expect, test } from "bun:test";
import { version } from "../../package.json";
import { cli } from "../support/cli.ts";

test("version is one line", async () => {
  const { code, stdout } = await cli(["version"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^schnitzel ${version} \\(commit .+, .+, bun ${Bun.version}\\)\n$`));
});

test("version --json gives its parts", async () => {
  const facts = JSON.parse((await cli(["version", "--json"])).stdout);
  expect(Object.keys(facts)).toEqual(["schema_version", "version", "commit", "commit_date", "target", "bun", "sqlite"]);
  expect(facts.sqlite).toMatch(/^3\.\d+\.\d+$/);
});

test("--version and -V are version", async () => {
  const { stdout } = await cli(["version"]);
  expect((await cli(["--version"])).stdout).toBe(stdout);
  expect((await cli(["-V"])).stdout).toBe(stdout);
});

import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { ROOT, runCommand } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";

/** A project with the real runner and one test file; gives the runner's exit code and last line. */
async function ok(testFile: string, tiers = ["unit"]) {
  using project = temporaryFolder();
  for (const part of ["scripts", "package.json"]) {
    fs.cpSync(path.join(ROOT, part), path.join(project.path, part), { recursive: true });
  }
  fs.mkdirSync(path.join(project.path, "test"));
  fs.writeFileSync(path.join(project.path, "test/a.test.ts"), `import { test } from "bun:test";\n${testFile}\n`);
  const ran = await runCommand([process.execPath, "scripts/ok.ts", ...tiers], { cwd: project.path });
  return { ...ran, last: ran.stdout.trimEnd().split("\n").at(-1) };
}

const PASSES = 'test("a", () => {});';

test("bun run ok ends with the sum alone and exits 0 when all pass", async () => {
  expect(await ok(PASSES)).toMatchObject({ code: 0, last: "1 passed, 0 failed" });
});

test("bun run ok counts failed and skipped tests and exits 1", async () => {
  const failing = 'test("b", () => { throw new Error("no"); });\ntest.skip("c", () => {});';
  expect(await ok(PASSES + failing)).toMatchObject({ code: 1, last: "1 passed, 1 failed, 1 skipped" });
});

for (const [what, text] of [
  ["a file that does not load", 'import "./missing.ts";'],
  ["an error outside every test", 'Promise.reject(new Error("stray"));'],
  ["a run that ends in the middle", 'test("b", () => process.exit(0));'],
] as const) {
  test(`bun run ok counts ${what} as failed`, async () => {
    const { code, last } = await ok(`${PASSES}\n${text}`);
    expect(code).toBe(1);
    expect(last).toMatch(/^\d+ passed, [1-9]\d* failed/);
  });
}

test("bun run ok counts a tier that has lost its tests as failed", async () => {
  expect(await ok(PASSES, ["install"])).toMatchObject({ code: 1, last: "0 passed, 1 failed" });
});

test("bun run ok refuses an unknown tier and names the known ones", async () => {
  const { code, stderr } = await ok(PASSES, ["unti"]);
  expect(code).toBe(2);
  expect(stderr).toContain('Cannot run tier "unti". Tiers are checks, architecture, install,');
});

/** Runs a test that needs minisign where nothing is on PATH. */
async function withoutMinisign(env: Record<string, string | undefined>) {
  using folder = temporaryFolder();
  const file = path.join(folder.path, "a.test.ts");
  const part = JSON.stringify(path.join(ROOT, "test/support/part.ts"));
  fs.writeFileSync(file, `import { needs } from ${part};\nneeds("minisign")("signs", () => {});\n`);
  return await runCommand([process.execPath, "test", file], { cwd: folder.path, env: { PATH: folder.path, ...env } });
}

test("a test whose tool is missing is skipped and says how to get the tool", async () => {
  const { code, stderr } = await withoutMinisign({ CI: undefined });
  expect(stderr).toContain("SKIPPED signs: minisign is absent (apt-get install minisign)");
  expect(code).toBe(0);
});

test("a test whose tool is missing fails where CI is set", async () => {
  const { code, stderr } = await withoutMinisign({ CI: "true" });
  expect(stderr).toContain("Cannot run this test: minisign is absent");
  expect(code).toBe(1);
});

import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { generatedPages } from "../../scripts/pages/index.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { ALL_CODES } from "../../src/cli/explain.ts";
import { BUILT_IN } from "../../src/nodes/list.ts";
import { METRICS } from "../../src/observe/index.ts";
import { ROOT, runCommand } from "../support/binary.ts";

const pages = await generatedPages();

test("there is a page for every node, code, metric and command", () => {
  for (const name of BUILT_IN.keys()) {
    expect(pages.get(`docs/nodes/${name}.md`)).toStartWith(`# ${name}\n`);
    expect(pages.get("docs/nodes/README.md")).toContain(`[\`${name}\`](${name}.md)`);
  }
  for (const code of Object.keys(ALL_CODES)) expect(pages.get("docs/errors.md")).toContain(`\n## ${code}\n`);
  for (const metric of Object.keys(METRICS)) expect(pages.get("docs/metrics.md")).toContain(`| \`${metric}\` |`);
  for (const name of Object.keys(COMMANDS.commands))
    expect(pages.get("docs/cli.md")).toContain(`\n## schnitzel ${name}\n`);
});

test("pages made twice are the same", async () => {
  expect(await generatedPages()).toEqual(pages);
});

test("pages name nothing of the machine they were made on", () => {
  const text = [...pages.values()].join("\n");
  for (const word of [ROOT, process.env.HOME ?? ROOT, Bun.version]) expect(text).not.toContain(word);
});

test("docs --check names a page that is not up to date, and writes nothing", async () => {
  const file = path.join(ROOT, "docs/nodes/zz_gone.md");
  fs.writeFileSync(file, "# gone\n");
  try {
    const { code, stderr } = await runCommand([process.execPath, path.join(ROOT, "scripts/docs.ts"), "--check"]);
    expect(code).toBe(1);
    expect(stderr).toContain("docs/nodes/zz_gone.md is of a node that does not exist");
    expect(fs.existsSync(file)).toBe(true);
  } finally {
    fs.rmSync(file);
  }
});

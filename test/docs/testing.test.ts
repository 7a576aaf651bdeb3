import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { testFile } from "../../src/trial/script/shape.ts";
import { ROOT, run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";

const page = fs.readFileSync(path.join(ROOT, "docs/testing.md"), "utf8");

/** The files that the page shows. */
const FILES = Object.fromEntries(
  [...page.matchAll(/^```yaml [^\n]*file=(\S+)\n(.*?)^```$/gms)].map(([, name, text]) => [name!, text!]),
);

test("the tests that docs/testing.md shows hold, and print what it says", async () => {
  using folder = folderWith(FILES);
  const shown = /^```console\n(.*?)^```$/ms.exec(page)![1]!;
  const stable = (text: string) => text.replace(/\(\d+ ms\)/g, "(N ms)").replace(/\d+\.\d s/, "N s");
  const first = await run(["test", "heat.test.yaml", "--coverage"], { cwd: folder.folder });
  expect([first.code, stable(first.stdout)]).toEqual([0, shown]);
  const all = await run(["test", "."], { cwd: folder.folder });
  expect([all.code, all.stdout]).toEqual([0, expect.stringContaining("5 cases: 5 ok")]);
});

test("docs/testing.md names every key of a test file", () => {
  const words = new Set([...page.matchAll(/`([^`\n]+)`/g)].flatMap(([, code]) => code!.match(/[a-z_]+/g) ?? []));
  const [first] = [testFile.entries.cases.pipe[0].item.entries];
  const keys = [
    ...Object.keys(first),
    ...Object.keys(first.expect.entries),
    ...Object.keys(first.faults.wrapped.entries),
  ];
  expect(keys.filter((key) => !words.has(key))).toEqual([]);
});

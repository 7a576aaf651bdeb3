import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { ROOT } from "../support/binary.ts";
import { cli, folderWith } from "../support/cli.ts";

const PAGE = fs.readFileSync(path.join(ROOT, "docs/reload.md"), "utf8");
const PAIR = /```yaml\n(# old\.yaml\n[\s\S]*?)```\s*```yaml\n(# new\.yaml\n[\s\S]*?)```\s*```text\n([\s\S]*?)```/g;

/** What the page shows of `--check`. */
const CODES = [0, 0, 5];

test("docs/reload.md shows what schnitzel plan says of its pairs", async () => {
  const pairs = [...PAGE.matchAll(PAIR)];
  expect(pairs).toHaveLength(CODES.length);
  for (const [at, [, old, now, said]] of pairs.entries()) {
    using folder = folderWith({ "old.yaml": old!, "new.yaml": now! });
    const flags = ["--state-dir", folder.at("state"), "--check"];
    const ran = await cli(["plan", folder.at("old.yaml"), folder.at("new.yaml"), ...flags], { cwd: folder.folder });
    expect(ran.stdout).toBe(said!);
    expect(ran.code).toBe(CODES[at]!);
  }
});

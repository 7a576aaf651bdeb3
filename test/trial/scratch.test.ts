import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { scratchFolder } from "../../src/trial/index.ts";

test("scratchFolder() makes a folder in the one that is given, and one of its own for each call", () => {
  const outer = scratchFolder();
  try {
    const [one, other] = [scratchFolder(outer), scratchFolder(outer)];
    expect([path.dirname(one), path.dirname(other), one === other]).toEqual([outer, outer, false]);
  } finally {
    fs.rmSync(outer, { recursive: true });
  }
});

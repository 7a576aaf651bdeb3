import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { binary, ROOT, runCommand } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";

/** Pages whose sessions are one story: each goes on in the folder the one before left. */
const PAGES = [...new Bun.Glob("docs/operations/*.md").scanSync({ cwd: ROOT })].sort();

interface Block {
  info: string;
  body: string;
}

const blocksOf = (page: string): Block[] =>
  [...page.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map(([, info, body]) => ({ info: info!, body: body! }));

interface Step {
  command: string;
  shown: string;
}

/** `$ command`, and what it prints until the next one. */
function stepsOf({ body }: Block): Step[] {
  return body
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const end = text.indexOf("\n");
      return { command: text.slice(0, end), shown: text.slice(end + 1) };
    });
}

/** Times, ages, ids of processes and how wide a column is differ from run to run. */
const settled = (text: string) =>
  text
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replace(/\b\d+(\.\d+)?(s|m|h|d)\b/g, "AGE")
    .replace(/\b\d+\.\d+ s\b/g, "AGE")
    .replace(/"(file_bytes|wal_bytes|oldest_age_sec|commits|committed_rows)": [\d.]+/g, '"$1": N')
    .replace(/ {2,}/g, "  ")
    .trimEnd();

for (const file of PAGES) {
  test(`every session in ${file} goes as it is shown`, async () => {
    using folder = temporaryFolder();
    const blocks = blocksOf(fs.readFileSync(path.join(ROOT, file), "utf8"));
    fs.mkdirSync(path.join(folder.path, "bin"));
    fs.symlinkSync(path.resolve(binary()), path.join(folder.path, "bin/schnitzel"));
    const env = {
      PATH: `${path.join(folder.path, "bin")}:${process.env.PATH}`,
      XDG_STATE_HOME: path.join(folder.path, "state"),
    };
    let steps = 0;
    for (const block of blocks) {
      const name = /^(?:ya?ml|json) (\S+\.\w+)$/.exec(block.info)?.[1];
      if (name !== undefined) fs.writeFileSync(path.join(folder.path, name), block.body);
      for (const { command, shown } of block.info === "console" ? stepsOf(block) : []) {
        const { stdout, stderr } = await runCommand(["sh", "-c", command], { cwd: folder.path, env });
        const actual = `${stdout}${stderr}`.replaceAll(folder.path, "/home/op");
        expect(`$ ${command}\n${settled(actual)}`).toBe(`$ ${command}\n${settled(shown)}`);
        steps += 1;
      }
    }
    expect(steps).toBeGreaterThan(0);
    // Some thirty starts of the program.
  }, 60_000);
}

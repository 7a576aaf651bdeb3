import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { ROOT, run } from "../support/binary.ts";

/** Every page a reader may land on. */
const PAGES = ["README*.md", "docs/**/*.md", "graphs/**/*.md", "plugins/**/*.md"]
  .flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: ROOT })])
  .sort()
  .map((file) => ({ file, text: fs.readFileSync(path.join(ROOT, file), "utf8") }));

/** Fenced blocks: the words after the backticks, and the text. */
function blocks(text: string): { info: string; body: string }[] {
  return [...text.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map(([, info, body]) => ({
    info: info!.trim(),
    body: body!,
  }));
}

/** Targets of relative links that lead to no file. */
function brokenLinks(file: string, text: string): string[] {
  const prose = text.replace(/^```.*?^```$/gms, "").replace(/`[^`\n]*`/g, "");
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
  return targets.filter((target) => {
    if (/^([a-z]+:|#)/.test(target)) return false;
    return !fs.existsSync(path.join(ROOT, path.dirname(file), target.replace(/#.*/, "")));
  });
}

test("every relative link in the docs leads to a file", () => {
  expect(PAGES.flatMap(({ file, text }) => brokenLinks(file, text).map((target) => `${file}: ${target}`))).toEqual([]);
});

test("a link that leads nowhere is found, and one in code is none", () => {
  expect(brokenLinks("docs/x.md", "[a](errors.md#a) [b](../README.nope.md) `[c](d.md)` [e](https://e.org)")).toEqual([
    "../README.nope.md",
  ]);
});

/** `no-check` marks a block that shows a mistake. */
const showsGraph = (text: string) =>
  blocks(text).some(
    ({ info, body }) => /^ya?ml$/.test(info) && /^nodes:/m.test(body) && /^(edges|version):/m.test(body),
  );

for (const { file, text } of PAGES) {
  if (!showsGraph(text)) continue;
  test(`every graph in ${file} is valid`, async () => {
    const { code, stderr } = await run(["validate", file], { cwd: ROOT });
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  });
}

/** Commands of the program in shell blocks, such as `./schnitzel run graphs/x.yaml`. */
function commands(text: string): string[] {
  const shell = blocks(text).filter(({ info }) => /^(sh|bash|console)$/.test(info));
  const lines = shell.flatMap(({ body }) => body.split("\n")).flatMap((line) => line.split(/;|&&|\|/));
  return lines.flatMap((line) => /^\s*(?:\$ )?(?:\.\/)?schnitzel ([a-z]+)/.exec(line)?.[1] ?? []);
}

test("every command in a shell block of the docs exists", async () => {
  const named = new Set(PAGES.flatMap(({ text }) => commands(text)));
  for (const command of named) {
    const { code } = await run([command, "--help"]);
    expect(`${command} --help: ${code}`).toBe(`${command} --help: 0`);
  }
});

test("commands are read from shell blocks, behind a pipe as well", () => {
  const page = "```sh\nping host | schnitzel run -\n./schnitzel nodes ; ./schnitzel schema > x\n```\n";
  expect(commands(page)).toEqual(["run", "nodes", "schema"]);
});

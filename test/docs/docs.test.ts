import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { parseCommandLine } from "../../src/cli/command/parse.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { ALL_CODES } from "../../src/cli/explain.ts";
import { modernArguments } from "../../src/cli/predecessor.ts";
import { deliveryShape } from "../../src/graph/delivery.ts";
import { profileShape, selectedShape } from "../../src/graph/profile/shape.ts";
import { runtimeShape } from "../../src/graph/runtime.ts";
import { edgeShape, graphShape, NOT_BUILT_IN_YET, nodeShape } from "../../src/graph/schema.ts";
import { parameterShape } from "../../src/graph/subgraph/parameters.ts";
import { useShape } from "../../src/graph/subgraph/read_use.ts";
import { subgraphShape } from "../../src/graph/subgraph/top.ts";
import { ROOT, run } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";

const GENERATED = ["docs/cli.md", "docs/errors.md", "docs/metrics.md"];
const read = (file: string) => fs.readFileSync(path.join(ROOT, file), "utf8");
/** The pages that people wrote. */
const PAGES = ["README.md", "README.ko.md", ...new Bun.Glob("docs/{*,operations/*}.md").scanSync({ cwd: ROOT })]
  .filter((file) => !GENERATED.includes(file))
  .sort()
  .map((file) => ({ file, text: read(file) }));

interface Block {
  language: string;
  text: string;
}

function blocks(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w*)[^\n]*\n(.*?)^```$/gms)].map(([, language, text]) => ({
    language: language!,
    text: text!,
  }));
}

/** The graphs of a page that stand in front of a text block, and that text: what they print. */
function shownRuns(markdown: string): { graph: string; output: string }[] {
  const all = blocks(markdown);
  return all.flatMap(({ language, text }, at) => {
    const next = all[at + 1];
    return language === "yaml" && next?.language === "text" ? [{ graph: text, output: next.text }] : [];
  });
}

/** The files of a page by the names in their first lines, for its graphs to bring in. */
function shownFiles(markdown: string): Record<string, string> {
  const named = blocks(markdown).map(({ text }) => [/^# (\S+\.yaml)\n/.exec(text)?.[1], text] as const);
  return Object.fromEntries(named.filter(([name]) => name !== undefined));
}

/** Runs a graph as a person would who pasted it into a file in the project's folder. */
async function runPasted(graph: string, flags: readonly string[] = [], files: Readonly<Record<string, string>> = {}) {
  using project = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(project.path, name)), { recursive: true });
    fs.writeFileSync(path.join(project.path, name), text);
  }
  fs.cpSync(path.join(ROOT, "graphs/data"), path.join(project.path, "graphs/data"), { recursive: true });
  fs.writeFileSync(path.join(project.path, "hot_days.yaml"), graph);
  // Awaited here, as the folder goes with this function.
  return await run(["run", "hot_days.yaml", ...flags], { cwd: project.path });
}

for (const { file, text } of PAGES) {
  for (const [at, { graph, output }] of shownRuns(text).entries()) {
    test(`graph ${at + 1} of ${file} prints what the page shows`, async () => {
      const { code, stdout } = await runPasted(graph, [], shownFiles(text));
      expect({ code, stdout }).toEqual({ code: 0, stdout: output });
    });
  }
}

describe("README", () => {
  const english = read("README.md");
  const [shown] = shownRuns(english);
  const graph = shown!.graph;

  test("its graph has at most 20 lines", () => {
    expect(graph.trimEnd().split("\n").length).toBeLessThanOrEqual(20);
  });

  test("its --set leaves the third line", async () => {
    const { stdout } = await runPasted(graph, ["--set", "vars.above=35"]);
    expect(stdout).toBe(`${shown!.output.split("\n")[2]}\n`);
  });

  test("a field that no packet has makes dead letters, as it says", async () => {
    const { code, stdout } = await runPasted(graph.replace("temp_max >", "temp_mx >"), ["--report-json"]);
    const { status, dead_letters, sources } = JSON.parse(stdout);
    expect([code, status, dead_letters.total]).toEqual([0, "degraded", sources[0].emitted]);
    expect(dead_letters.first[0].reason).toContain("temp_mx");
  });

  test("what its commands leave in this folder is no part of the project, so checks pass it over", () => {
    const made = ["my.yaml", "hot_days.yaml", "graph.schema.json", "alarms.jsonl", "schnitzel"];
    const git = ["git", "-c", `safe.directory=${ROOT}`, "-C", ROOT, "check-ignore", "--no-index"];
    const { stdout } = Bun.spawnSync([...git, ...made]);
    expect(stdout.toString().trim().split("\n")).toEqual(made);
  });

  for (const [right, wrong] of [
    ["plugin: filter", "plugin: filtr"],
    ["when:", "wen:"],
    ["to: first", "to: frist"],
  ] as const) {
    test(`nothing starts with ${wrong}`, async () => {
      const { code, stdout } = await runPasted(graph.replace(right, wrong));
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    });
  }

  test("both languages show the same two commands, the same graph and its output", () => {
    const korean = read("README.ko.md");
    for (const page of [english, korean]) {
      const commands = blocks(page).filter(({ language }) => language === "sh");
      expect(commands.slice(0, 2).map(({ text }) => text)).toEqual([
        "sh install.sh --from-source && ./schnitzel run\n",
        "sh scripts/test.sh\n",
      ]);
    }
    expect(shownRuns(korean)).toEqual(shownRuns(english));
  });
});

/** Command lines of the program in shell blocks and in code within a sentence, without `schnitzel` itself. */
function commandLines(markdown: string): string[][] {
  const shell = blocks(markdown).filter(({ language }) => language === "sh" || language === "");
  const prose = markdown.replace(/^```.*?^```$/gms, "");
  const code = [...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!);
  return [...shell.flatMap(({ text }) => text.split("\n")), ...code].flatMap(commandsOf);
}

/** The calls of schnitzel in one line of shell: up to a comment, cut at operators outside quotes. */
function commandsOf(line: string): string[][] {
  const calls: string[][] = [[]];
  for (const [word] of line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)) {
    if (word.startsWith("#")) break;
    if (/^(?:&&|\|\|?|;)$/.test(word)) calls.push([]);
    else calls.at(-1)!.push(word.replace(/^(['"])(.*)\1$/, "$2"));
  }
  return calls
    .filter(([name]) => name === "schnitzel" || name === "./schnitzel")
    .map(([, ...words]) => upToFile(words));
}

/** What is redirected is no argument. */
const upToFile = (words: string[]) => words.slice(0, words.includes(">") ? words.indexOf(">") : undefined);

/** Reads a command line as the program does. Throws what is wrong with it. */
async function parse(words: readonly string[]) {
  let entry: { command: unknown } = { command: COMMANDS };
  let rest = modernArguments(words);
  for (let group = COMMANDS; "commands" in group && rest.length > 0; rest = rest.slice(1)) {
    const found = Object.entries(group.commands).find(([name, { alias }]) => name === rest[0] || alias === rest[0]);
    if (found === undefined) throw new Error(`no command ${rest[0]}`);
    const under = found[1].commands;
    entry = await found[1].load();
    // A command with commands of its own, such as doctor.
    group = (under?.[rest[1] ?? ""] === undefined ? entry.command : { commands: under }) as typeof COMMANDS;
  }
  const command = entry.command as Parameters<typeof parseCommandLine>[0];
  // A sentence may name a command without what it needs.
  if ("run" in command && rest.length > 0 && !rest.includes("--help")) parseCommandLine(command, rest);
}

/** `X` stands for a command in sentences such as "every `schnitzel X --help`". */
const isCall = ([name]: readonly string[]) => name !== undefined && !/^(?:X|COMMAND)$/.test(name);

for (const { file, text } of PAGES) {
  test(`every command line in ${file} is one that schnitzel takes`, async () => {
    const refused: string[] = [];
    for (const words of commandLines(text).filter(isCall)) {
      await parse(words).catch((error: Error) => refused.push(`${words.join(" ")}: ${error.message}`));
    }
    expect(refused).toEqual([]);
  });
}

test("a command line with an unknown command, flag or argument is found", async () => {
  const page =
    "`schnitzel rnu`\n\n```sh\nls | ./schnitzel run a.yaml --fast ; schnitzel version now > x # schnitzel no\n```\n";
  const calls = commandLines(page);
  expect(calls).toEqual([["run", "a.yaml", "--fast"], ["version", "now"], ["rnu"]]);
  for (const words of calls) expect(parse(words)).rejects.toThrow();
});

/** Paths of this project that a page names, placeholders and patterns left out. */
function namedPaths(markdown: string): string[] {
  const prose = markdown.replace(/^```.*?^```$/gms, "");
  const code = [...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!);
  return code.filter((name) => /^(?:src|test|docs|scripts|graphs|\.ci)\/[\w./-]*$/.test(name));
}

/** `#heading` of GitHub: lower case, punctuation gone, spaces as hyphens. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-");

function brokenAnchors(file: string, markdown: string): string[] {
  const targets = [...markdown.matchAll(/\]\(([^)\s#]*)#([^)\s]+)\)/g)].filter(([, page]) => !/^[a-z]+:/.test(page!));
  return targets.flatMap(([link, page, anchor]) => {
    const target = page === "" ? markdown : read(path.join(path.dirname(file), page!));
    const anchors = [...target.matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1]!));
    return anchors.includes(anchor!) ? [] : [`${file}: ${link}`];
  });
}

test("every path that the docs name is there", () => {
  const gone = PAGES.flatMap(({ file, text }) =>
    namedPaths(text)
      .filter((name) => !fs.existsSync(path.join(ROOT, name)))
      .map((name) => `${file}: ${name}`),
  );
  expect(gone).toEqual([]);
});

test("every link to a heading leads to one", () => {
  expect(PAGES.flatMap(({ file, text }) => brokenAnchors(file, text))).toEqual([]);
});

test("a heading that is not there is found", () => {
  expect(brokenAnchors("docs/x.md", "# A node, here\n[a](#a-node-here) [b](#gone) [c](graph.md#order)")).toEqual([
    "docs/x.md: ](#gone)",
  ]);
});

/** Words in code on a page, each key of `a.b` and `{ c: … }` for itself. */
const wordsInCode = (markdown: string) =>
  new Set([...markdown.matchAll(/`([^`\n]+)`/g)].flatMap((match) => match[1]!.match(/[A-Za-z_][\w]*/g) ?? []));

describe("docs/graph.md", () => {
  const words = wordsInCode(read("docs/graph.md"));

  for (const [what, keys] of Object.entries({
    "a graph": Object.keys(graphShape.entries),
    "a node": Object.keys(nodeShape.entries),
    "a node that brings in a file": Object.keys(useShape.entries),
    "a file that is brought in": Object.keys(subgraphShape.entries),
    "a parameter": Object.keys(parameterShape.entries),
    "a profile": Object.keys(profileShape.entries),
    "what a profile says of nodes": Object.keys(selectedShape.entries),
    "an edge": Object.keys(edgeShape.entries),
    runtime: Object.keys(runtimeShape.entries),
    "an inbox": Object.keys(runtimeShape.entries.inbox.wrapped.entries),
    "a restart": Object.keys(runtimeShape.entries.restart.wrapped.entries),
    delivery: Object.keys(deliveryShape.entries),
    "parts that are not built": Object.values(NOT_BUILT_IN_YET).flatMap(Object.keys),
  })) {
    test(`names every key of ${what}`, () => {
      expect(keys.filter((key) => !words.has(key))).toEqual([]);
    });
  }

  test("names only codes that exist, as the README does", () => {
    const codes = [...wordsInCode(read("README.md")), ...words].filter(
      (word) => /^[A-Z]+(?:_[A-Z]+)+$/.test(word) && !word.startsWith("SCHNITZEL_"),
    );
    expect(codes.length).toBeGreaterThan(5);
    expect(codes.filter((code) => !Object.hasOwn(ALL_CODES, code))).toEqual([]);
  });
});

test("docs/observability.md names every key of the report", async () => {
  const words = wordsInCode(read("docs/observability.md"));
  const { stdout } = await runPasted(shownRuns(read("README.md"))[0]!.graph, ["--report-json"]);
  const report = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
  expect(Object.keys(report).filter((key) => !words.has(key))).toEqual([]);
});

test("docs/architecture.md says what is in every folder of src", () => {
  const page = read("docs/architecture.md");
  const folders = fs
    .readdirSync(path.join(ROOT, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).filter((name) => !page.includes(`| \`src/${name}/\` |`))).toEqual([]);
});

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import {
  ambientFindings,
  type House,
  importFindings,
  importsOf,
  lengthFindings,
  nameFindings,
  rootFindings,
  type SourceFile,
} from "./support/architecture.ts";
import { ROOT } from "./support/binary.ts";

const HOUSE: House = {
  rooms: {
    base: { imports: [], open: true },
    packet: { imports: ["base"] },
    node: { imports: ["base", "packet"] },
    observe: { imports: ["base", "packet"] },
    store: { imports: ["base", "packet"] },
    // node: what a context promises of models and of ffmpeg is written there.
    inference: { imports: ["base", "packet", "node"] },
    media: { imports: ["base", "packet", "node"] },
    nodes: { imports: ["base", "packet", "packet/json_schema.ts", "node", "store", "media", "inference"] },
    // node/plugin_api.ts is the door that plugins come in by, and the registry is who opens it.
    registry: { imports: ["base", "packet", "node", "node/plugin_api.ts", "nodes/list.ts"] },
    // packet/json_schema.ts loads a library that a graph without a schema does not need.
    graph: { imports: ["base", "packet", "packet/json_schema.ts", "node"] },
    // graph/raw.ts: an old file is read as it is written, places and comments included.
    migrate: { imports: ["base", "packet", "node", "graph", "graph/raw.ts"] },
    delivery: { imports: ["base", "packet", "node"] },
    engine: {
      imports: ["base", "packet", "node", "observe", "store", "delivery", "graph/plan.ts", "graph/changes.ts"],
    },
    record: { imports: ["base", "packet"] },
    // store and packet: the operator's verbs on queues live here, once for a running and a stopped graph.
    control: { imports: ["base", "packet", "observe", "store", "graph", "engine/controls.ts"] },
    // nodes: conditions and schemas of a test file are written as those of filter and schema_validate.
    trial: {
      imports: [
        ...["base", "packet", "packet/json_schema.ts", "node", "observe", "nodes/expression.ts"],
        ...["graph", "engine", "record"],
      ],
    },
    mesh: { imports: ["base", "packet", "observe", "store"] },
    fleet: { imports: ["observe", "graph", "control"] },
    // observe/prometheus.ts loads a library that a run without --http does not need.
    http: { imports: ["base", "observe", "observe/prometheus.ts", "graph", "control"] },
    // Starts schnitzel from outside; of its inside it only reads queue files of a run that has ended.
    drill: { imports: ["base", "store"] },
    cli: {
      open: true,
      imports: [
        // Conditions of `queue --where` are those of nodes; `control` gets them compiled, and knows no language.
        "nodes/expression.ts",
        ...["base", "packet", "node", "observe", "store", "inference", "media", "nodes/list.ts", "registry", "graph"],
        "migrate",
        ...["delivery", "engine", "record", "trial", "control", "mesh", "fleet", "http", "drill"],
      ],
    },
    // registry: a process started to try a plugin must load nothing else, so main.ts sends it there at once.
    main: { imports: ["registry", "cli"] },
  },
  packages: {
    valibot: [""],
    // Locks are YAML and no graphs; who reads them knows nothing of graphs.
    yaml: ["graph/load.ts", "registry/lock.ts", "inference/models/lock.ts"],
    "bun:sqlite": ["store/"],
    hono: ["http/"],
    "linear-sum-assignment": ["nodes/vision/assignment.ts"],
    "onnxruntime-web": ["inference/"],
    "prom-client": ["observe/"],
    "@logtape/logtape": ["observe/"],
    "fastest-levenshtein": ["base/"],
    "@valibot/to-json-schema": ["graph/json_schema.ts"],
    "@marcbachmann/cel-js": ["nodes/expression.ts"],
    "oled-font-5x7": ["media/glyphs.ts"],
    jsonata: ["nodes/flow/jsonata_expression.ts"],
    ajv: ["packet/json_schema.ts"],
    "ajv-formats": ["packet/json_schema.ts"],
    "lru-cache": ["nodes/join/known_answers.ts"],
    tinyqueue: ["nodes/join/", "nodes/flow/due_keys.ts", "nodes/flow/time_merge.ts"],
  },
  sealed: { base: [], packet: [], delivery: [], engine: [] },
  edges: {
    "base/": "the real clock and the real random are made here",
    "cli/": "hands the real ones to everything else",
    "main.ts": "starts the process",
    "http/": "answers people, in their time",
    "drill/": "posts and breaks things in real time, from outside",
    "registry/probe": "a plugin that hangs on load is killed in real time",
  },
  long: {
    "src/graph/codes.ts": { lines: 600, reason: "one table, six lines for each code" },
    "src/engine/scheduler.ts": { lines: 340, reason: "the path of every packet; its parts call each other inlined" },
  },
};

/** What may lie in the project's root. */
const ROOT_ENTRIES =
  ".ci .gitattributes .gitignore LICENSE README.ko.md README.md biome.json bun.lock bunfig.toml docs graphs install.sh package.json plugins scripts src test tsconfig.json".split(
    " ",
  );

/** Tracked files and new ones that git would track. */
function projectFiles(): string[] {
  const listed = Bun.spawnSync([
    ...["git", "-c", `safe.directory=${ROOT}`, "-C", ROOT],
    ...["ls-files", "--cached", "--others", "--exclude-standard"],
  ]);
  if (!listed.success) throw new Error(`The architecture test reads a git checkout: ${listed.stderr}`);
  const names = listed.stdout.toString().trim().split("\n");
  return names.filter((name) => fs.existsSync(path.join(ROOT, name)));
}

const read = (name: string): SourceFile => ({ path: name, text: fs.readFileSync(path.join(ROOT, name), "utf8") });
const files = projectFiles();
const sources = files.filter((name) => /^src\/.*\.ts$/.test(name)).map(read);

describe("the house", () => {
  test("imports follow the arrows and enter by the doors", () => {
    expect(sources.flatMap((file) => importFindings(file, HOUSE))).toEqual([]);
  });

  test("no arrow points upward", () => {
    const rooms = Object.keys(HOUSE.rooms);
    const upward = rooms.flatMap((room, height) =>
      HOUSE.rooms[room]!.imports.filter((entry) => rooms.indexOf(entry.split("/")[0]!) >= height),
    );
    expect(upward).toEqual([]);
  });

  test("time, chance, timers and network are used at the edges only", () => {
    expect(sources.flatMap((file) => ambientFindings(file, HOUSE))).toEqual([]);
  });

  test("a file holds one idea", () => {
    expect(lengthFindings(sources, HOUSE)).toEqual([]);
  });

  test("names say something, in snake_case", () => {
    expect(nameFindings(files)).toEqual([]);
  });

  test("the root holds what it should and nothing else", () => {
    expect(rootFindings(files, ROOT_ENTRIES)).toEqual([]);
  });

  test("no file names a package registry", () => {
    const registry = /registry\.(npmjs|yarnpkg|npmmirror)\./;
    expect(files.filter((name) => !/\.(png|gz)$/.test(name) && registry.test(read(name).text))).toEqual([]);
  });
});

/** Each check again, on a violation planted for it: a check that finds nothing anywhere proves nothing. */
describe("the house's checks find", () => {
  const imports = (file: string, text: string) => importFindings({ path: `src/${file}`, text }, HOUSE).length;
  const ambient = (file: string, text: string) => ambientFindings({ path: `src/${file}`, text }, HOUSE).length;

  for (const [what, file, text] of [
    ["an import upward", "packet/x.ts", 'import { f } from "../node/index.ts"; f();'],
    ["an import upward that is only a type", "packet/x.ts", 'import type { F } from "../node/index.ts"; let f: F;'],
    ["a type among values", "packet/x.ts", 'import { type F } from "../node/index.ts"; let f: F;'],
    ["a type imported in place", "packet/x.ts", 'let f: import("../node/index.ts").F;'],
    ["a re-export", "packet/x.ts", 'export * from "../node/index.ts";'],
    ["a dynamic import", "packet/x.ts", 'await import("../node/index.ts");'],
    ["an import past the door", "node/x.ts", 'import "../packet/jsonl.ts";'],
    ["the wrong door", "engine/x.ts", 'import "../graph/index.ts";'],
    ["a folder that is not in the layout", "extras/x.ts", 'import "../packet/index.ts";'],
    ["one domain in another", "nodes/io/x.ts", 'import "../vision/geometry.ts";'],
    ["an import from outside src", "cli/x.ts", 'import "../../test/support/clock.ts";'],
    ["a package without a door", "cli/x.ts", 'import "left-pad";'],
    ["a package at the wrong door", "cli/x.ts", 'import { Hono } from "hono"; new Hono();'],
    ["a scoped package's folder at the wrong door", "cli/x.ts", 'import "@logtape/logtape/x";'],
    ["SQLite outside the store", "nodes/io/x.ts", 'import { Database } from "bun:sqlite"; new Database();'],
    ["a file read by the engine", "engine/x.ts", 'import * as fs from "node:fs"; fs.readFileSync("x");'],
  ] as const) {
    test(`${what}`, () => expect(imports(file, text)).toBe(1));
  }

  test("nothing in an import by the door", () => {
    expect(imports("engine/x.ts", 'import type { GraphPlan } from "../graph/plan.ts"; let plan: GraphPlan;')).toBe(0);
  });

  test("nothing in an import that stands in a text", () => {
    expect(importsOf('export const example = `\nimport { v } from "schnitzel";\n`;')).toEqual([]);
  });

  for (const text of [
    "export const now = Date.now();",
    "export const now = () => globalThis.Date.now();",
    "export const now = performance.now();",
    "export const made = new Date();",
    "setTimeout(() => {}, 1);",
    "export const chance = Math.random();",
    "export const id = crypto.randomUUID();",
    'export const page = fetch("https://example.org");',
    "export const later = { fetch };",
  ]) {
    test(`the ambient call in ${text}`, () => expect(ambient("engine/x.ts", text)).toBe(1));
  }

  for (const text of [
    'export const get = ({ fetch }: { fetch(url: string): void }) => fetch("https://example.org");',
    "// Date.now() is not used here\nexport const made = new Date(0);",
    "export const note = 'Date.now()';",
  ]) {
    test(`nothing ambient in ${text}`, () => expect(ambient("engine/x.ts", text)).toBe(0));
  }

  test("a file that is too long, one past its own bound, and one listed without need", () => {
    const file = (name: string, lines: number) => ({ path: `src/${name}.ts`, text: "x;\n".repeat(lines) });
    const long = {
      "src/table.ts": { lines: 300, reason: "a table" },
      "src/short.ts": { lines: 300, reason: "was long once" },
    };
    const found = lengthFindings([file("a", 251), file("b", 250), file("table", 301), file("short", 10)], {
      ...HOUSE,
      long,
    });
    expect(found).toEqual([
      "src/a.ts has 251 lines, at most 250",
      "src/table.ts has 301 lines, at most 300",
      "src/short.ts is listed as long and is not",
    ]);
  });

  test("names that say nothing or are spelled otherwise", () => {
    expect(
      nameFindings(["src/base/utils.ts", "src/common/a.ts", "test/run_manager.ts", "src/cli/runGraph.ts"]),
    ).toHaveLength(4);
    expect(nameFindings(["src/base/utility_meter.ts", "README.ko.md"])).toEqual([]);
  });

  test("a stray file in the root", () => {
    expect(rootFindings(["src/main.ts", "notes.txt"], ROOT_ENTRIES)).toEqual(["notes.txt has no place in the root"]);
  });
});

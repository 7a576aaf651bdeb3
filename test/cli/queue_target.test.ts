import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { systemClock } from "../../src/base/clock.ts";
import { openInline } from "../../src/store/index.ts";
import { cli, folderWith } from "../support/cli.ts";
import { entry } from "../support/queues.ts";

const GRAPH = `version: 2
name: yard
nodes:
  - { id: detect, plugin: generate_source, config: { count: 3 } }
  - { id: alarms, plugin: null_sink }
edges: [{ from: detect, to: alarms, durable: { path: kept/q.sqlite3 } }]
`;
const EDGE = "detect.out->alarms.in";

/** The folder of a graph that ran once, whose one queue is outside of its state directory and has two rows. */
async function setup() {
  const { at, folder, ...rest } = folderWith({ "yard.yaml": GRAPH });
  fs.mkdirSync(at("kept"));
  const argv = ["run", at("yard.yaml"), "--state-dir", "state", "--log-level", "off"];
  expect((await cli(argv, { cwd: folder })).code).toBe(0);
  const queue = await openInline(at("kept/q.sqlite3"), { clock: systemClock, onEvent() {}, minFreeBytes: 0 });
  await queue.enqueue([entry(1), entry(2)]);
  await queue.close();
  return { ...rest, at, folder, run: (...given: string[]) => cli(["queue", ...given], { cwd: folder }) };
}

describe("by the name of a graph", () => {
  test("a queue outside of the state directory is found", async () => {
    using made = await setup();
    const drain = await made.run("drain", "yard", "--state-dir", "state");
    expect([drain.code, drain.stdout]).toEqual([3, `not empty: ${EDGE}: 2 wait, 0 are being delivered\n`]);
    const { stdout } = await made.run("export", "yard", "--state-dir", "state");
    expect(stdout.trimEnd().split("\n")).toHaveLength(2);
  });

  test("one that is not there any more is named", async () => {
    using made = await setup();
    fs.rmSync(made.at("kept"), { recursive: true });
    const { stderr } = await made.run("ls", "yard", "--state-dir", "state");
    expect(stderr).toStartWith(`${EDGE} is left out: its file ${made.at("kept/q.sqlite3")}, which the last run`);
  });
});

test("import says of an edge whose queue no run made that the first one makes it", async () => {
  using made = await setup();
  fs.rmSync(made.at("kept"), { recursive: true });
  fs.writeFileSync(made.at("rows.jsonl"), "");
  const argv = ["import", made.at("yard.yaml"), EDGE, "--from", made.at("rows.jsonl"), "--state-dir", "state"];
  const { stderr } = await made.run(...argv);
  expect(stderr).toContain(`\n${EDGE} is not there yet, as yard has not run with it: its first run makes `);
});

describe("a graph that has not run there", () => {
  const COMMANDS = ["drain", "verify", "export", "repair", "replay", "ls", "import", "purge"];
  for (const command of COMMANDS) {
    test(`${command} names the folder that it looked in`, async () => {
      using made = folderWith({ "yard.yaml": GRAPH });
      const { code, stdout, stderr } = await cli(["queue", command, made.at("yard.yaml"), "--state-dir", "wrong"], {
        cwd: made.folder,
      });
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toContain(`yard keeps nothing in ${made.at("wrong/yard")}: it has not run there`);
      expect(stderr).toContain("schnitzel run makes its queues; another folder is named with --state-dir");
    });
  }
});

describe("what cannot be a path", () => {
  test("a file as --state-dir", async () => {
    using made = await setup();
    const { code, stderr } = await made.run("ls", "yard", "--state-dir", "yard.yaml");
    expect([code, stderr.includes(`--state-dir must be a folder, and ${made.at("yard.yaml")} is a file`)]).toEqual([
      2,
      true,
    ]);
  });

  test("a folder for --out that is not there", async () => {
    using made = await setup();
    const { code, stderr } = await made.run("export", "yard", "--state-dir", "state", "--out", "none/rows.jsonl");
    expect([code, stderr.includes(`there is no folder ${made.at("none")}\n`)]).toEqual([2, true]);
  });
});

import { expect, test } from "bun:test";
import { run as runBinary } from "../support/binary.ts";
import { cli, folderWith } from "../support/cli.ts";

const GRAPH = `version: 2
name: board
blackboard:
  mode: { type: string, initial: day, persist: true }
  last: { type: number }
nodes:
  - { id: in, plugin: stdin_source, config: { format: jsonl } }
  - { id: before, plugin: cell_read, config: { cell: mode, into: before } }
  - { id: keep, plugin: cell_write, config: { cell: mode, from: mode } }
  - { id: note, plugin: cell_write, config: { cell: last, from: n } }
  - { id: now, plugin: cell_read, config: { cell: last } }
  - { id: out, plugin: print_sink, config: { format: payload } }
edges:
  - { from: in, to: before }
  - { from: before, to: keep }
  - { from: keep, to: note }
  - { from: note, to: now }
  - { from: now, to: out }
`;

test("run keeps persistent cells for the next run in the state directory, and forgets them with --fresh-state", async () => {
  using folder = folderWith({ "board.yaml": GRAPH });
  const run = async (row: object, ...flags: string[]) => {
    const { code, stdout } = await runBinary(["run", "board.yaml", "--state-dir", "state", ...flags], {
      cwd: folder.folder,
      stdin: `${JSON.stringify(row)}\n`,
    });
    return { code, row: JSON.parse(stdout) };
  };
  expect(await run({ mode: "night", n: 1 })).toEqual({ code: 0, row: { mode: "night", n: 1, before: "day", last: 1 } });
  expect((await run({ mode: "dusk", n: 2 })).row.before).toBe("night");
  expect((await run({ mode: "day", n: 3 })).row.before).toBe("dusk");
  expect((await run({ mode: "day", n: 4 }, "--fresh-state")).row.before).toBe("day");
}, 60_000);

test("run sets a packet aside whose value does not fit the cell", async () => {
  using folder = folderWith({ "board.yaml": GRAPH });
  const stdin = '{"mode":"night","n":1}\n{"mode":5,"n":2}\n{"mode":"day","n":"x"}\n';
  const { code, stdout, stderr } = await runBinary(["run", "board.yaml", "--state-dir", "state"], {
    cwd: folder.folder,
    stdin,
  });
  expect([code, stdout.trim().split("\n").length]).toEqual([0, 1]);
  expect(stderr).toContain("degraded");
  expect(stderr).toContain("its type is string, got number");
}, 60_000);

test("run checks what is written to a cell against its JSON Schema, which may stand in a file", async () => {
  const schema = { type: "object", required: ["mode"], properties: { mode: { enum: ["day", "night"] } } };
  const graph = GRAPH.replace(
    "mode: { type: string, initial: day, persist: true }",
    "mode: { schema: mode.schema.json, initial: { mode: day } }",
  ).replace("cell: mode, from: mode", "cell: mode");
  using folder = folderWith({ "board.yaml": graph, "mode.schema.json": JSON.stringify(schema) });
  const stdin = '{"mode":"night","n":1}\n{"mode":"dusk","n":2}\n';
  const { stdout, stderr } = await runBinary(["run", "board.yaml"], { cwd: folder.folder, stdin });
  expect(stdout.trim().split("\n")).toHaveLength(1);
  expect(stderr).toContain(
    'cannot write cell \\"mode\\": it does not fit its schema: value/mode must be equal to one of',
  );
}, 60_000);

test("validate names the cell that nobody declared, and the one that nobody writes", async () => {
  const stdin = GRAPH.replace("cell: mode, into", "cell: mood, into").replace(
    "cell: last, from: n",
    "cell: mode, from: n",
  );
  const { code, stdout, stderr } = await cli(["validate", "-"], { stdin });
  const text = stdout + stderr;
  expect(code).toBe(2);
  expect(text).toContain('UNKNOWN_CELL\nNode "before" (cell_read) cannot read cell "mood"');
  expect(text).toContain('hint: did you mean "mode"?');
  expect(text).toContain("CELL_NEVER_WRITTEN");
});

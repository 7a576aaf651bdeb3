import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";

/** The end of the input closes windows; persistent cells stay. */
const GRAPH = `version: 2
name: kept
blackboard:
  mode: { type: string, initial: day, persist: true }
  sum: { type: number, persist: true }
nodes:
  - { id: in, plugin: file_source, config: { path: in.jsonl, format: jsonl } }
  - { id: keep, plugin: cell_write, config: { cell: mode, from: mode } }
  - { id: note, plugin: cell_write, config: { cell: sum, from: n } }
  - { id: read, plugin: cell_read, config: { cell: mode } }
  - { id: again, plugin: cell_read, config: { cell: sum } }
  - { id: out, plugin: print_sink, config: { format: payload } }
edges: [{ from: in, to: keep }, { from: keep, to: note }, { from: note, to: read }, { from: read, to: again }, { from: again, to: out }]
`;

async function ran() {
  const folder = folderWith({ "kept.yaml": GRAPH, "in.jsonl": '{"mode":"night","n":7}\n' });
  const call = (...argv: string[]) => run([...argv, "--state-dir", "st"], { cwd: folder.folder });
  const { code, stderr } = await call("run", "kept.yaml");
  if (code !== 0) throw new Error(stderr);
  return { ...folder, call, state: path.join(folder.folder, "st/kept/state.sqlite3") };
}

test("state ls lists what a graph keeps, and show prints one of them", async () => {
  using box = await ran();
  const listed = await box.call("state", "ls", "kept");
  expect({ code: listed.code, stderr: listed.stderr }).toEqual({ code: 0, stderr: "" });
  expect(listed.stdout).toMatch(/^kept: checkpoint 1 of \S+, \S+ old\nNODE .*POSITION\nblackboard +blackboard +1 +\d+/);
  const shown = await box.call("state", "show", "kept.yaml", "blackboard");
  expect(JSON.parse(shown.stdout)).toMatchObject({
    ...{ schema_version: 1, graph: "kept", node: "blackboard", version: 1, fault: null },
    state: {
      cells: [
        { name: "mode", value: "night" },
        { name: "sum", value: 7 },
      ],
    },
  });
  const first = await box.call("state", "show", "kept", "blackboard", "--limit", "1");
  expect(JSON.parse(first.stdout).state.cells[1]).toBe("… 1 more");
});

test("state ls needs no name where one graph keeps state, and says which there are where several do", async () => {
  using box = await ran();
  expect((await box.call("state", "ls")).stdout).toStartWith("kept: checkpoint 1 of ");
  fs.cpSync(path.dirname(box.state), path.join(box.folder, "st/other"), { recursive: true });
  const { code, stderr } = await box.call("state", "ls");
  expect([code, stderr]).toEqual([2, expect.stringContaining("there are kept, other")]);
});

test("looking changes no byte of the file and leaves nothing beside it", async () => {
  using box = await ran();
  const before = [fs.readdirSync(path.dirname(box.state)), fs.readFileSync(box.state)];
  await box.call("state", "ls", "kept", "--json");
  expect([fs.readdirSync(path.dirname(box.state)), fs.readFileSync(box.state)]).toEqual(before);
});

test("state drop shows first, drops with --yes, and the next run begins without it", async () => {
  using box = await ran();
  const would = await box.call("state", "drop", "kept", "blackboard");
  expect([would.code, would.stderr]).toEqual([0, "nothing was changed; --yes does it\n"]);
  expect((await box.call("state", "drop", "kept", "blackboard", "--yes")).stdout).toMatch(
    /^blackboard: dropped its state, of /,
  );
  const gone = await box.call("state", "show", "kept", "blackboard");
  expect([gone.code, gone.stderr]).toEqual([2, expect.stringContaining('kept keeps no state of "blackboard"')]);
});

test("a name that is nearly right is told", async () => {
  using box = await ran();
  const { code, stderr } = await box.call("state", "show", "kept", "blackbord");
  expect([code, stderr]).toEqual([2, expect.stringContaining("did you mean blackboard?")]);
});

test("a state file of a newer schnitzel is refused by state and by run, with code 3", async () => {
  using box = await ran();
  const db = new Database(box.state);
  db.run("PRAGMA user_version = 99");
  db.close();
  fs.rmSync(`${box.state}.hwm`);
  for (const argv of [
    ["state", "ls", "kept"],
    ["run", "kept.yaml"],
  ]) {
    const { code, stderr } = await box.call(...argv);
    expect([code, stderr]).toEqual([
      3,
      expect.stringContaining("it has version 99, this schnitzel knows up to version 1"),
    ]);
  }
});

test("a damaged state file is told as such, and not as a newer one", async () => {
  using box = await ran();
  fs.writeFileSync(box.state, Buffer.alloc(5_000, 0x77));
  fs.rmSync(`${box.state}.hwm`);
  const { code, stderr } = await box.call("state", "ls", "kept");
  expect([code, stderr]).toEqual([3, expect.stringContaining("it is damaged")]);
});

import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { edgeOfQueueFile, queueFileOf, stateDirOf } from "../../src/cli/state_dir.ts";
import { cli } from "../support/cli.ts";
import { plan, sink, source } from "../support/engine.ts";
import { temporaryFolder } from "../support/folder.ts";

const LONG_ID = 128;
const long = (letter: string) => letter.repeat(LONG_ID);

function fileOf(folder: string, from: string, to: string): string {
  const made = plan([source(from, []), sink(to)], [`${from} -> ${to}`]);
  return queueFileOf(stateDirOf("yard", folder, { env: {}, cwd: folder }), made, made.edges[0]!);
}

test("a queue's file is named after the ends of its edge", () => {
  expect(path.basename(fileOf("/x", "yard/person", "a"))).toBe("yard=person.out+a.in.sqlite3");
  // 200 bytes without the suffix.
  const name = `${"f".repeat(100)}.out+${"t".repeat(92)}.in`;
  expect(path.basename(fileOf("/x", "f".repeat(100), "t".repeat(92)))).toBe(`${name}.sqlite3`);
});

test("a long name is its start and a hash, another one for each edge, with room for the files beside it", () => {
  const names = ["a", "b", "c"].flatMap((one) =>
    ["a", "b", "c"].map((other) => path.basename(fileOf("/x", `${long("f")}${one}`, `${long("t")}${other}`))),
  );
  expect(new Set(names).size).toBe(9);
  for (const name of names) {
    expect(name).toStartWith(`${long("f")}`);
    expect(name).toEndWith(".sqlite3");
    expect(Buffer.byteLength(`${name}.corrupt-20260101T000000Z-2.hwm`)).toBeLessThan(256);
    expect(edgeOfQueueFile(name)).toStartWith(`${long("f")}`);
  }
  const nested = fileOf("/x", Array(8).fill(long("p")).join("/"), long("t"));
  expect(Buffer.byteLength(path.basename(nested))).toBe(208);
});

test("a queue that has a longer name from before keeps it", () => {
  using folder = temporaryFolder();
  const [from, to] = ["f".repeat(110), "t".repeat(110)];
  const before = path.join(folder.path, "yard", "queues", `${from}.out+${to}.in.sqlite3`);
  expect(fileOf(folder.path, from, to)).not.toBe(before);
  fs.mkdirSync(path.dirname(before), { recursive: true });
  fs.writeFileSync(before, "");
  expect(fileOf(folder.path, from, to)).toBe(before);
});

test("an edge between ids as long as they may be is durable, and its queue is found", async () => {
  using folder = temporaryFolder();
  const [from, to] = [long("f"), long("t")];
  const graph = `version: 2
nodes: [{ id: ${from}, plugin: generate_source, config: { count: 3 } }, { id: ${to}, plugin: null_sink }]
edges: [{ from: ${from}, to: ${to}, durable: true }]
`;
  const file = path.join(folder.path, "long.yaml");
  fs.writeFileSync(file, graph);
  const flags = ["--state-dir", path.join(folder.path, "state")];
  const ran = await cli(["run", file, ...flags]);
  expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining("long: ok")]);
  const listed = await cli(["queue", "ls", file, ...flags, "--json"]);
  const { queues } = JSON.parse(listed.stdout);
  expect(queues[0]).toMatchObject({ name: `${from}.out->${to}.in`, ready: 0 });
});

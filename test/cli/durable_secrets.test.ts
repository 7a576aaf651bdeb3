import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";

const CANARY = "canary-7f3Qx-secret";

/** The same sink behind a durable edge and behind one in memory; its address holds a secret. */
const graph = (origin: string) => `version: 2
name: yard
nodes:
  - { id: src, plugin: generate_source, config: { count: 2 } }
  - { id: post, plugin: http_sink, config: { url: "${origin}/bot\${file:token}/send" } }
  - { id: other, plugin: http_sink, config: { url: "${origin}/bot\${file:token}/other" } }
edges: [{ from: src, to: post, durable: true }, { from: src, to: other }]
`;

function filesBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

test("a secret in an address is in no file of the state directory and in nothing that queue shows", async () => {
  await using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Response("no", { status: 400 }),
  });
  using folder = folderWith({ "g.yaml": graph(server.url.origin), token: `${CANARY}\n` });
  const inState = (...args: string[]) => run([...args, "--state-dir", "state"], { cwd: folder.folder });
  const ran = await inState("run", "g.yaml", "--report-json");
  expect(JSON.parse(ran.stdout).dead_letters.total).toBe(4);
  const shown: string[] = [];
  for (const queue of ["src->post", "dead_letters"]) {
    const { rows } = JSON.parse((await inState("queue", "peek", "yard", queue, "--dead", "--json")).stdout);
    expect(rows).toHaveLength(2);
    shown.push(JSON.stringify(rows));
    for (const { seq } of rows) {
      const { stdout } = await inState("queue", "show", "yard", queue, `${seq}`, "--dead", "--json");
      expect(stdout).toMatch(/cannot POST to \S+\/bot\*\*\*\/(send|other): the server answered 400: no/);
      shown.push(stdout);
    }
  }
  expect(shown.join("\n")).not.toContain(CANARY);
  const files = filesBelow(folder.at("state"));
  expect(files.filter((file) => file.endsWith(".sqlite3"))).toHaveLength(2);
  expect(files.filter((file) => fs.readFileSync(file).includes(CANARY))).toEqual([]);
}, 60_000);

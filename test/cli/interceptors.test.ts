import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";

const CANARY = "canary-Ada-Lovelace-1815";

/** Whatever is left of a run, as bytes. */
function filesWith(folder: string, text: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => fs.readFileSync(file).includes(text))
    .map((file) => path.relative(folder, file));
}

/** A backend that is away, so that what waits for it stays on the disk. */
const waiting = (head: string) => `version: 2
name: yard
${head}
nodes:
  - id: people
    plugin: static_source
    config: { packets: [{ kind: event, payload: { name: ${CANARY}, door: north } }] }
  - id: far
    plugin: http_sink
    config: { url: "http://127.0.0.1:9/" }
    runtime: { delivery: { give_up_sec: 0.001 } }
edges: [{ from: people, to: far, durable: true }]
`;

const REDACT = `egress: [{ name: privacy, match: { plugin: http_sink }, plugin: redact, config: { mask: [payload.name] } }]`;

test("what egress takes out before a durable edge is on no disk, and without it it is", async () => {
  const left = async (head: string) => {
    using folder = folderWith({ "g.yaml": waiting(head) });
    const args = [
      "run",
      "g.yaml",
      "--state-dir",
      "state",
      "--max-seconds",
      "1",
      "--drain-seconds",
      "0",
      "--report-json",
    ];
    const { stdout } = await run(args, { cwd: folder.folder });
    const edges = JSON.parse(stdout.trimEnd().split("\n").at(-1)!).edges as { durable?: { enqueued_total: number } }[];
    const rows = filesWith(folder.at("state"), "north");
    return {
      edges: edges.filter(({ durable }) => durable).length,
      rows: rows.length,
      names: filesWith(folder.at("state"), CANARY).length,
    };
  };
  const bare = await left("");
  expect(bare.rows).toBeGreaterThan(0);
  expect(bare.names).toBe(bare.rows);
  expect(await left(REDACT)).toEqual({ ...bare, names: 0 });
}, 30_000);

test("a queue behind an interceptor is found by its name, and shows what is left", async () => {
  using folder = folderWith({ "g.yaml": waiting(REDACT) });
  const cwd = folder.folder;
  await run(["run", "g.yaml", "--state-dir", "state", "--max-seconds", "1", "--drain-seconds", "0"], { cwd });
  const peeked = await run(["queue", "peek", "yard", "egress.privacy.far->far", "--state-dir", "state", "--json"], {
    cwd,
  });
  const { rows } = JSON.parse(peeked.stdout);
  expect(JSON.stringify(rows)).toContain("***");
}, 30_000);

const GATE = (limit: number) => `version: 2
name: gate
ingress: [{ name: small, plugin: size_limit, config: { max_bytes: ${limit} } }]
nodes:
  - { id: words, plugin: static_source, config: { packets: [{ kind: x, payload: short }, { kind: x, payload: ${"long".repeat(9)} }] } }
  - { id: out, plugin: jsonl_sink, config: { path: out.jsonl, body: payload, flush_ms: 0 } }
edges: [{ from: words, to: out, durable: true }]
`;

test("what an interceptor refuses is a dead letter of its own, and asks it again when it is replayed", async () => {
  using folder = folderWith({ "g.yaml": GATE(20) });
  const cwd = folder.folder;
  const inState = (...args: string[]) => run([...args, "--state-dir", "state"], { cwd });
  const ran = await inState("run", "g.yaml", "--report-json");
  const { dead_letters } = JSON.parse(ran.stdout.trimEnd());
  expect(dead_letters.first).toMatchObject([{ node: "ingress.small.words", reason: 'the packet left by "oversize"' }]);
  // The gate lets more through, and its sources have nothing new.
  fs.writeFileSync(folder.at("g.yaml"), GATE(200).replace(/packets: \[.*\]/, "packets: []"));
  expect((await inState("queue", "replay", "g.yaml", "--dead", "--yes")).code).toBe(0);
  expect((await inState("run", "g.yaml")).code).toBe(0);
  expect(fs.readFileSync(folder.at("out.jsonl"), "utf8").trimEnd().split("\n")).toEqual([
    '"short"',
    `"${"long".repeat(9)}"`,
  ]);
}, 30_000);

test("validate points at the interceptor, and graph draws it", async () => {
  const graph = (entry: string) => `version: 2
ingress:
  - ${entry}
nodes:
  - { id: s, plugin: generate_source, config: { count: 1 } }
  - { id: o, plugin: null_sink }
edges: [{ from: s, to: o }]
`;
  using folder = folderWith({
    "unused.yaml": graph('{ match: { node: "cam_*" }, plugin: identity }'),
    "source.yaml": graph("{ plugin: generate_source }"),
    "config.yaml": graph("{ plugin: rate_limit, config: { limit: 0 } }"),
    "good.yaml": graph("{ name: calm, plugin: rate_limit, config: { limit: 5 } }"),
  });
  const cwd = folder.folder;
  const unused = await run(["validate", "unused.yaml"], { cwd });
  expect([unused.code, unused.stderr]).toEqual([0, expect.stringContaining("unused.yaml:3:7 INTERCEPTOR_UNUSED")]);
  const source = await run(["run", "source.yaml"], { cwd });
  expect([source.code, source.stderr]).toEqual([2, expect.stringContaining("source.yaml:3:15 INTERCEPTOR_MISFIT")]);
  const config = await run(["validate", "config.yaml"], { cwd });
  expect(config.stderr).toContain('config.yaml:3:44 CONFIG_VALUE\nCannot create node "ingress.0.s" (rate_limit)');
  const drawn = await run(["graph", "good.yaml", "--format", "mermaid"], { cwd });
  expect(drawn.stdout).toContain('["ingress.calm.s<br/>rate_limit"]');
  const { nodes } = JSON.parse((await run(["graph", "good.yaml", "--json"], { cwd })).stdout);
  expect(nodes.at(-1)).toMatchObject({ id: "ingress.calm.s", intercepts: "s" });
});

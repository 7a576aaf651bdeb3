import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { startWebhook, webhookGraph } from "../support/webhook.ts";

/** Three packets over an edge that keeps them where `durable` says. */
const graph = (durable: string, name = "yard") => `version: 2
name: ${name}
nodes:
  - { id: src, plugin: generate_source, config: { count: 3 } }
  - { id: out, plugin: print_sink, config: { format: payload } }
edges: [{ from: src, to: out, durable: ${durable} }]
`;
const THREE = '{"i":0}\n{"i":1}\n{"i":2}\n';

const TWO_EDGES = (first: string, second: string) => `version: 2
name: yard
nodes:
  - { id: a, plugin: generate_source, config: { count: 3 } }
  - { id: b, plugin: generate_source, config: { count: 3 } }
  - { id: out, plugin: null_sink }
edges:
  - { from: a, to: out, durable: { path: ${first} } }
  - { from: b, to: out, durable: { path: ${second} } }
`;

/** Runs `g.yaml` with its state beside it. */
const runIn = (cwd: string, ...flags: string[]) => run(["run", "g.yaml", "--state-dir", "state", ...flags], { cwd });

describe("a second process", () => {
  test("of the same graph ends with 73 and the first one's pid, which loses nothing by it", async () => {
    using folder = folderWith({ "g.yaml": webhookGraph() });
    await using first = await startWebhook(folder.folder);
    expect((await first.post(1)).status).toBe(202);
    for (let again = 0; again < 3; again++) {
      const { code, stderr } = await runIn(folder.folder);
      expect([code, stderr.trimEnd()]).toEqual([
        73,
        expect.stringMatching(
          new RegExp(
            `^QUEUE_BUSY: cannot open queue \\S+: process ${first.program.pid} on \\S+ \\(schnitzel run g\\.yaml\\) has it, .*; stop that one, or put producer and consumer into one graph$`,
          ),
        ),
      ]);
    }
    expect((await first.post(2)).status).toBe(202);
    const { code, report } = await first.stop();
    expect([code, report.edges[0].durable]).toEqual([0, expect.objectContaining({ acked: 2, ready: 0, tail_lost: 0 })]);
    expect((await runIn(folder.folder, "--max-seconds", "0.1")).code).toBe(0);
  }, 30_000);

  for (const [how, to] of [
    ["by the same path", "q.sqlite3"],
    ["through a link to the file", "link.sqlite3"],
    ["through a link to its folder", "elsewhere/q.sqlite3"],
  ] as const) {
    test(`of another graph that names the same queue ${how} ends with 73 and the first one's pid`, async () => {
      const other = graph(`{ path: ${to} }`, "other");
      using folder = folderWith({ "g.yaml": webhookGraph({ durable: "{ path: q.sqlite3 }" }), "other.yaml": other });
      await using first = await startWebhook(folder.folder);
      fs.symlinkSync("q.sqlite3", folder.at("link.sqlite3"));
      fs.symlinkSync(".", folder.at("elsewhere"));
      const { code, stderr } = await run(["run", "other.yaml", "--state-dir", "state"], { cwd: folder.folder });
      expect([code, stderr]).toEqual([73, expect.stringContaining(`process ${first.program.pid} on `)]);
      expect((await first.post(1)).status).toBe(202);
      const { code: ended, report } = await first.stop();
      expect([ended, report.edges[0].durable.acked]).toEqual([0, 1]);
    }, 30_000);
  }
});

describe("two edges that name one file", () => {
  for (const second of ["q.sqlite3", "./q.sqlite3", "sub/../q.sqlite3"]) {
    test(`by ${second} are refused before anything runs`, async () => {
      using folder = folderWith({ "g.yaml": TWO_EDGES("q.sqlite3", second) });
      const { code, stderr } = await runIn(folder.folder);
      expect([code, stderr]).toEqual([2, expect.stringContaining("g.yaml:9:25 THING_SHARED")]);
      expect(fs.existsSync(folder.at("q.sqlite3"))).toBe(false);
    });
  }

  test("by an absolute path and a relative one are refused", async () => {
    using folder = folderWith({});
    fs.writeFileSync(folder.at("g.yaml"), TWO_EDGES("q.sqlite3", folder.at("q.sqlite3")));
    const { code, stderr } = await runIn(folder.folder);
    expect([code, stderr]).toEqual([3, expect.stringContaining("QUEUE_SHARED: ")]);
  });

  for (const [how, second] of [
    ["a link to the file", "link.sqlite3"],
    ["a link to its folder", "elsewhere/q.sqlite3"],
    ["the file of another edge's own", "state/yard/queues/a.out+out.in.sqlite3"],
    ["that of the dead letters", "state/yard/dead_letters.sqlite3"],
  ] as const) {
    test(`by ${how} are refused, naming both`, async () => {
      const first = how.startsWith("the file") ? "state/yard/queues/a.out+out.in.sqlite3" : "q.sqlite3";
      const text = how.startsWith("the file")
        ? TWO_EDGES("x", second).replace("durable: { path: x }", "durable: true")
        : TWO_EDGES(first, second);
      using folder = folderWith({ "g.yaml": text });
      fs.symlinkSync("q.sqlite3", folder.at("link.sqlite3"));
      fs.symlinkSync(".", folder.at("elsewhere"));
      const { code, stderr } = await runIn(folder.folder);
      const owner = how.endsWith("dead letters") ? "dead_letters" : "a\\.out->out\\.in";
      expect([code, stderr.trimEnd()]).toEqual([
        3,
        expect.stringMatching(
          new RegExp(
            `^QUEUE_SHARED: cannot keep b\\.out->out\\.in in \\S+: ${owner} has that file.*; leave path out, .* or name another$`,
          ),
        ),
      ]);
    });
  }
});

describe("a queue's folder", () => {
  test("that is missing is made, for this user alone", async () => {
    using folder = folderWith({ "g.yaml": graph("{ path: deep/er/q.sqlite3 }") });
    const { code, stdout } = await runIn(folder.folder);
    expect([code, stdout]).toEqual([0, THREE]);
    expect(fs.statSync(folder.at("deep/er")).mode & 0o777).toBe(0o700);
    expect(fs.statSync(folder.at("deep/er/q.sqlite3")).mode & 0o777).toBe(0o600);
  });

  for (const [what, durable, files, message] of [
    [
      "is a file",
      "{ path: taken/q.sqlite3 }",
      { taken: "" },
      /cannot make folder \S+taken: .*; a file is in its place: remove it, or name another folder/,
    ],
    [
      "is the state directory and a file",
      "true",
      { state: "" },
      /cannot make folder \S+state\S*: .*; a file is in its place/,
    ],
  ] as const) {
    test(`that ${what} ends the run with 3 and the way out`, async () => {
      using folder = folderWith({ "g.yaml": graph(durable), ...files });
      const { code, stderr, stdout } = await runIn(folder.folder);
      expect([code, stdout, stderr]).toEqual([3, "", expect.stringMatching(message)]);
      expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    });
  }

  test("in whose place the queue's name is a folder ends the run with 3", async () => {
    using folder = folderWith({ "g.yaml": graph("{ path: q.sqlite3 }"), "q.sqlite3/x": "" });
    const { code, stderr } = await runIn(folder.folder);
    expect([code, stderr]).toEqual([3, expect.stringMatching(/^QUEUE_UNOPENABLE: cannot open queue \S+q\.sqlite3: /)]);
    expect(fs.existsSync(folder.at("q.sqlite3/x"))).toBe(true);
  });
});

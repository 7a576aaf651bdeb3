import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { binary, run } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";

const PRODUCE = `  - { id: src, plugin: generate_source, config: { count: 500 } }
  - { id: keep, plugin: sqlite_queue_sink, config: { path: q.sqlite3 }, runtime: { concurrency: 64 } }
`;
const consume = (
  config: string,
  between = "",
) => `  - { id: queue, plugin: sqlite_queue_source, config: { path: q.sqlite3, ${config} } }
${between}  - { id: out, plugin: jsonl_sink, config: { path: out.jsonl, body: payload, flush_ms: 0 } }
`;
const graph = (nodes: string, ...edges: string[]) =>
  `version: 2\nnodes:\n${nodes}edges:\n${edges.map((edge) => `  - { from: ${edge.replace(" -> ", ", to: ")} }\n`).join("")}`;

function folderWith(graphs: Record<string, string>) {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(graphs)) fs.writeFileSync(path.join(folder.path, name), text);
  return {
    async run(name: string, ...flags: string[]) {
      const ran = await run(["run", name, "--report-json", ...flags], { cwd: folder.path });
      const report = JSON.parse(ran.stdout.trimEnd().split("\n").at(-1)!);
      return { ...ran, report, metrics: report.metrics as Record<string, number> };
    },
    path: folder.path,
    lines: () => fs.readFileSync(path.join(folder.path, "out.jsonl"), "utf8").trimEnd().split("\n"),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

test("one run keeps packets, the next delivers them in order and the queue is empty", async () => {
  using folder = folderWith({
    "keep.yaml": graph(PRODUCE, "src -> keep"),
    "deliver.yaml": graph(consume("limit: 1000"), "queue -> out"),
  });
  expect((await folder.run("keep.yaml")).metrics).toMatchObject({
    "node.keep.enqueued_total": 500,
    "node.keep.queue_depth": 500,
  });
  const { code, metrics } = await folder.run("deliver.yaml");
  expect([code, metrics["node.queue.acked_total"], metrics["node.queue.queue_depth"]]).toEqual([0, 500, 0]);
  expect(folder.lines().map((line) => JSON.parse(line).i)).toEqual(Array.from({ length: 500 }, (_, at) => at));
});

test("producer and consumer of one graph share a queue, which is drained while it fills", async () => {
  using folder = folderWith({
    "both.yaml": graph(PRODUCE + consume("follow: true, limit: 50, poll_ms: 10"), "src -> keep", "queue -> out"),
  });
  const { code, metrics } = await folder.run("both.yaml", "--max-packets", "1000");
  expect([code, metrics["node.queue.acked_total"], metrics["node.queue.queue_depth"]]).toEqual([0, 500, 0]);
  expect(folder.lines()).toHaveLength(500);
});

test("a packet that its graph cannot process stays, is set aside in the end, and the others are delivered", async () => {
  const check = "  - { id: check, plugin: filter, config: { when: 'payload.i > 0 || payload.absent' } }\n";
  using folder = folderWith({
    "keep.yaml": graph(PRODUCE, "src -> keep"),
    "deliver.yaml": graph(consume("limit: 600, max_attempts: 1", check), "queue -> check", "check -> out"),
  });
  await folder.run("keep.yaml");
  const { metrics, report } = await folder.run("deliver.yaml");
  expect(report.status).toBe("degraded");
  expect(metrics).toMatchObject({
    "node.queue.acked_total": 499,
    "node.queue.nacked_total": 1,
    "node.queue.dead_letters": 1,
    "node.queue.queue_depth": 0,
  });
});

test("two nodes of one run that want different things of a file end it, and not as if another process had the file", async () => {
  const nodes = `  - { id: src, plugin: generate_source, config: { count: 1 } }
  - { id: one, plugin: sqlite_queue_sink, config: { path: q.sqlite3 } }
  - { id: two, plugin: sqlite_queue_sink, config: { path: q.sqlite3, durability: relaxed } }
`;
  using folder = folderWith({ "g.yaml": graph(nodes, "src -> one", "src -> two") });
  const { code, report } = await folder.run("g.yaml");
  expect([code, report.error]).toEqual([1, expect.stringContaining("QUEUE_SHARED: cannot open queue")]);
});

test("a second process is refused with QUEUE_BUSY, naming the first", async () => {
  using folder = folderWith({ "follow.yaml": graph(consume("follow: true"), "queue -> out") });
  const first = Bun.spawn([binary(), "run", "follow.yaml"], { cwd: folder.path, stderr: "ignore", stdout: "ignore" });
  const owner = path.join(folder.path, "q.sqlite3.owner");
  while (!fs.existsSync(owner) || fs.readFileSync(owner, "utf8") === "") await Bun.sleep(10);
  const second = await folder.run("follow.yaml");
  expect([second.code, second.report.status]).toEqual([73, "error"]);
  expect(second.report.error).toContain(`QUEUE_BUSY: cannot open queue`);
  expect(second.report.error).toContain(`process ${first.pid} on `);
  first.kill("SIGTERM");
  expect(await first.exited).toBe(0);
  expect(fs.existsSync(owner)).toBe(false);
});

import { describe, expect, test } from "bun:test";
import { arrows, faults, graphOf, oldProject } from "../support/migration.ts";

const D = "schnitzel_stream.nodes";
const node = (id: string, plugin: string, config = "{}", kind = "node") =>
  `  - { id: ${id}, kind: ${kind}, plugin: "${D}.${plugin}", config: ${config} }\n`;
const graph = (nodes: string, ...edges: string[]) =>
  `version: 2\nnodes:\n${nodes}edges:\n${edges.map((edge) => `  - ${edge.replace(/(\w+) -> (\w+)/, "{ from: $1, to: $2 }")}\n`).join("")}`;
const SQL = "durable_sqlite:SqliteQueue";

const PRODUCER = graph(
  node("src", "dev:StaticSource", "{ packets: [{ payload: 1 }, { payload: 2 }] }", "source") +
    node("keep", `${SQL}Sink`, "{ path: queue.sqlite3, forward: true }") +
    node("log", "dev:PrintSink", "{ prefix: kept }", "sink"),
  "src -> keep",
  "keep -> log",
);
const CONSUMER = graph(
  node("src", `${SQL}Source`, "{ path: queue.sqlite3, limit: 5 }", "source") +
    node("show", "dev:PrintSink", "{ prefix: out, forward: true }") +
    node("ack", `${SQL}AckSink`, "{ path: queue.sqlite3 }", "sink"),
  "src -> show",
  "show -> ack",
);
const LINK = "links: [{ producer: p, consumer: c, channel: q }]\n";
const HEAD = `version: 1
# Two of them.
processes:
  - { id: p, graph: producer.yaml }
  - { process_id: c, graph: consumer.yaml }
channels: [{ id: q, kind: sqlite_queue, path: queue.sqlite3, require_ack: true }]
`;

const yard = (text: string, files: Record<string, string> = {}) =>
  oldProject({ "all.yaml": text, "producer.yaml": PRODUCER, "consumer.yaml": CONSUMER, ...files });

test("processes that a queue file joins become one graph with a durable edge", async () => {
  using project = yard(HEAD + LINK);
  const made = await project.migrate("all.yaml");
  expect(graphOf(made).nodes.map(({ id, plugin }) => `${id} ${plugin}`)).toEqual([
    "src static_source",
    "log print_sink",
    "show print_sink",
  ]);
  expect(arrows(made)).toEqual(["src -> log", "src => show"]);
  expect(made.leftOut.map(({ reason }) => reason)).toEqual([
    expect.stringContaining("stay there"),
    expect.stringContaining("limit: 5 rows a run"),
  ]);
  expect(await project.again("all.yaml", made.text!)).toMatchObject({ kind: "current" });
});

test("an id that two processes have gets its process in front, and that is said", async () => {
  using project = yard(HEAD + LINK, { "consumer.yaml": CONSUMER.replaceAll("show", "log") });
  const made = await project.migrate("all.yaml");
  expect(arrows(made)).toEqual(["src -> p_log", "src => c_log"]);
  const reasons = made.leftOut.map(({ reason }) => reason).filter((reason) => reason.startsWith("ids"));
  expect(reasons).toEqual([
    "ids that other processes have as well: log is p_log; source_id of its packets follows",
    "ids that other processes have as well: log is c_log; source_id of its packets follows",
  ]);
});

test("a queue file that a variable names joins as well", async () => {
  const named = (text: string) => text.replace("path: queue.sqlite3", 'path: "${oc.env:QUEUE,queue.sqlite3}"');
  const files = { "producer.yaml": named(PRODUCER), "consumer.yaml": CONSUMER };
  using project = yard(HEAD + LINK, files);
  expect(arrows(await project.migrate("all.yaml"))).toEqual(["src -> log", "src => show"]);
  expect(faults(await project.migrate("all.yaml", { env: { QUEUE: "other.sqlite3" } }))).toHaveLength(1);
});

test("what nothing reads of a process graph is said", async () => {
  const junk = (HEAD + LINK).replace("id: p,", "id: p, cpus: 2,").replace("id: q,", "id: q, size: 3,");
  using project = yard(`${junk}config: {}\n`);
  const keys = (await project.migrate("all.yaml")).leftOut.map(({ key }) => key);
  expect(keys).toEqual(expect.arrayContaining(["config", "processes[0].cpus", "channels[0].size"]));
});

describe("a process graph is refused", () => {
  for (const [why, text, files, expected] of [
    ["without links", HEAD, {}, ["MIGRATE_VALUE all.yaml:1:1"]],
    ["of another version", (HEAD + LINK).replace("1", "3"), {}, ["MIGRATE_VALUE all.yaml:1:10"]],
    [
      "with parts that are no lists",
      "processes: { p: 1 }\nchannels: 3\nlinks: x\n",
      {},
      ["MIGRATE_VALUE all.yaml:1:1", "MIGRATE_VALUE all.yaml:2:11", "MIGRATE_VALUE all.yaml:3:8"],
    ],
    ["with links that are no maps", `${HEAD}links: [7]\n`, {}, ["MIGRATE_VALUE all.yaml:7:9"]],
    [
      "for a channel without a link",
      (HEAD + LINK).replace("channels: [", "channels: [{ id: r, path: r.sqlite3 }, "),
      {},
      ["MIGRATE_VALUE all.yaml:6:14"],
    ],
    [
      "for require_ack that is neither",
      (HEAD + LINK).replace("ack: true", "ack: 3"),
      {},
      ["MIGRATE_VALUE all.yaml:6:75"],
    ],
    [
      "for a process that is a job",
      HEAD + LINK,
      { "consumer.yaml": "version: 1\njob: a:B\n" },
      ["MIGRATE_FILE all.yaml:5:29"],
    ],
    [
      "for a process that is this graph",
      (HEAD + LINK).replace("consumer.yaml", "all.yaml"),
      {},
      ["MIGRATE_FILE all.yaml:5:29"],
    ],
    [
      "for an id that stands twice",
      (HEAD + LINK).replace("process_id: c", "id: p"),
      {},
      ["MIGRATE_VALUE all.yaml:5:11"],
    ],
    [
      "for a graph that is not there",
      (HEAD + LINK).replace("consumer.yaml", "none.yaml"),
      {},
      ["MIGRATE_FILE all.yaml:5:29"],
    ],
    ["for a link to nobody", HEAD + LINK.replace("consumer: c", "consumer: x"), {}, ["MIGRATE_VALUE all.yaml:7:34"]],
    ["for a link to itself", HEAD + LINK.replace("consumer: c", "consumer: p"), {}, ["MIGRATE_VALUE all.yaml:7:34"]],
    [
      "for two links over one channel",
      HEAD + LINK.replace("]", ", { producer: c, consumer: p, channel: q }]"),
      {},
      ["MIGRATE_VALUE all.yaml:7:88"],
    ],
    [
      "for a channel of another kind",
      (HEAD + LINK).replace("sqlite_queue", "redis"),
      {},
      ["MIGRATE_VALUE all.yaml:6:27"],
    ],
    [
      "whose producer fills another file",
      HEAD + LINK,
      { "producer.yaml": PRODUCER.replace("queue.sqlite3", "other.sqlite3") },
      ["MIGRATE_VALUE all.yaml:7:21"],
    ],
    ["whose graph is wrong", HEAD + LINK, { "consumer.yaml": "nodes: [" }, ["YAML_SYNTAX consumer.yaml:1:9"]],
  ] as const) {
    test(why, async () => {
      using project = yard(text, files);
      const made = await project.migrate("all.yaml");
      expect(made.text).toBeUndefined();
      expect(faults(made)).toEqual([...expected]);
    });
  }
});

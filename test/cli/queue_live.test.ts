import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { binary, run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";

/** One packet in ten fails behind the edge, until a file says that it is mended. */
const GRAPH = `version: 2
name: yard
nodes:
  - { id: src, plugin: generate_source, config: { rate: 200 } }
  - { id: check, plugin: filter, config: { when: payload.i % 10 != 3 || payload.absent } }
  - { id: out, plugin: jsonl_sink, config: { path: out.jsonl, body: payload } }
edges:
  - { from: src, to: check, durable: { max_attempts: 1 } }
  - { from: check, to: out }
`;
const EDGE = "src.out->check.in";
/** Each story starts the program a dozen times. */
const TIMEOUT_MS = 60_000;

/** The graph as a process of its own, until the test ends. */
async function running(graph = GRAPH) {
  const { at, folder, ...rest } = folderWith({ "yard.yaml": graph });
  const child = Bun.spawn([binary(), "run", "yard.yaml", "--state-dir", "state", "--log-level", "off"], {
    ...{ cwd: folder, stdout: "ignore", stderr: "ignore" },
  });
  const queue = (...args: string[]) =>
    run(["queue", args[0]!, "yard", "--state-dir", "state", ...args.slice(1)], { cwd: folder });
  const json = async (...args: string[]) => JSON.parse((await queue(...args, "--json")).stdout);
  while (!fs.existsSync(at("state/yard/control.sock"))) await Bun.sleep(10);
  return {
    at,
    child,
    queue,
    json,
    async stop() {
      child.kill("SIGTERM");
      return await child.exited;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      rest[Symbol.dispose]();
    },
  };
}

/** Asks until it is so; the graph works in its own time. */
async function until<Value>(ask: () => Promise<Value>, isSo: (value: Value) => boolean): Promise<Value> {
  for (;;) {
    const value = await ask();
    if (isSo(value)) return value;
    await Bun.sleep(50);
  }
}

test(
  "a running graph is asked over its socket, and goes on meanwhile",
  async () => {
    await using graph = await running();
    const dead = () => graph.json("ls", EDGE).then(({ queues }) => queues[0].dead as number);
    await until(dead, (count) => count >= 3);
    const { running: pid } = await graph.json("ls");
    expect(pid).toBe(graph.child.pid);
    const { rows } = await graph.json("peek", EDGE, "--dead", "--where", "payload.i == 3");
    expect(rows).toMatchObject([{ seq: 4, payload: '{"i":3}', error: expect.stringContaining("absent") }]);
    // Replayed, it fails again: a letter under another number.
    const { queues } = await graph.json("replay", EDGE, "--dead", "--where", "payload.i == 3", "--yes");
    expect(queues).toMatchObject([{ matched: 1, changed: 1 }]);
    const again = () => graph.json("peek", EDGE, "--dead", "--where", "payload.i == 3");
    const [letter] = (await until(again, (found) => found.rows.length === 1)).rows;
    expect(letter.seq).toBeGreaterThan(4);
    expect((await graph.json("purge", EDGE, "--dead", "--where", "payload.i == 3", "--yes")).queues[0].changed).toBe(1);
    expect((await graph.queue("verify")).stdout).toBe(`${EDGE}: ok\ndead_letters: ok\n`);
    expect((await graph.queue("drain", "--timeout-sec", "20")).code).toBe(0);
    expect((await graph.queue("repair", "--yes")).code).toBe(73);
    const before = fs.statSync(graph.at("out.jsonl")).size;
    await until(
      async () => fs.statSync(graph.at("out.jsonl")).size,
      (size) => size > before,
    );
    expect(await graph.stop()).toBe(0);
    expect(fs.existsSync(graph.at("state/yard/control.sock"))).toBe(false);
  },
  TIMEOUT_MS,
);

test(
  "what was imported into a running graph is delivered",
  async () => {
    await using graph = await running(GRAPH.replace("rate: 200", "rate: 1"));
    const line = {
      packet_id: "mine",
      ts: "2026-05-01T12:00:00Z",
      kind: "raw",
      source_id: "me",
      payload: { i: 777 },
      meta: {},
    };
    fs.writeFileSync(graph.at("rows.jsonl"), `${JSON.stringify(line)}\n`);
    const from = path.resolve(graph.at("rows.jsonl"));
    expect((await graph.queue("import", EDGE, "--from", from, "--yes")).stdout).toBe("wrote 1 line, 0 known already\n");
    expect((await graph.queue("drain", "--timeout-sec", "20")).code).toBe(0);
    const delivered = async () => fs.readFileSync(graph.at("out.jsonl"), "utf8");
    await until(delivered, (text) => text.includes('"i":777'));
  },
  TIMEOUT_MS,
);

test(
  "a graph that was killed is opened by its files, and the socket it left is no obstacle to the next run",
  async () => {
    await using graph = await running();
    await until(
      () => graph.json("ls", EDGE),
      ({ queues }) => queues[0].dead > 0,
    );
    graph.child.kill("SIGKILL");
    await graph.child.exited;
    expect(fs.existsSync(graph.at("state/yard/control.sock"))).toBe(true);
    const { running: pid, queues } = await graph.json("ls", EDGE);
    expect([pid, queues[0].dead > 0]).toEqual([null, true]);
    const next = await run(["run", "yard.yaml", "--state-dir", "state", "--max-packets", "5", "--log-level", "off"], {
      cwd: path.dirname(graph.at("yard.yaml")),
    });
    expect(next.code).toBe(0);
    expect(fs.existsSync(graph.at("state/yard/control.sock"))).toBe(false);
  },
  TIMEOUT_MS,
);

test(
  "the file of a running graph's queue is asked by the graph's name, which the refusal tells",
  async () => {
    await using graph = await running();
    const { code, stderr } = await run(["queue", "ls", `state/yard/queues/src.out+check.in.sqlite3`], {
      cwd: path.dirname(graph.at("yard.yaml")),
    });
    expect(code).toBe(73);
    expect(stderr).toContain(
      `ask the running graph by its name: schnitzel queue ls yard --state-dir ${graph.at("state")}`,
    );
  },
  TIMEOUT_MS,
);

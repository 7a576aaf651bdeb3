import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { type Ran, run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { start } from "../support/running.ts";
import { cameOut, until } from "../support/webhook.ts";

/** Passes packets on, but for number 3, with which it does `poison`. */
const plugin = (poison: string) => `import { ANY, defineNode, port, v } from "schnitzel";
export const Bad = defineNode({
  name: "bad",
  kind: "transform",
  doc: "Cannot stand number 3.",
  config: v.strictObject({}),
  inputs: { in: port(ANY, "In.") },
  outputs: { out: port(ANY, "Out.") },
  examples: [],
  create: () => ({
    process(packet, emit) {
      if (packet.packet_id === "p3") { ${poison} }
      emit.out(packet);
    },
  }),
});
`;

const NUMBERS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const OTHERS = NUMBERS.filter((i) => i !== 3);
/** The same ten packets in each run: those that the queue knows are not taken again. */
const PACKETS = NUMBERS.map((i) => `{ packet_id: p${i}, source_id: s${i % 2}, payload: { i: ${i} } }`).join(", ");

const graph = (durable: string, runtime = "{}") => `version: 2
name: yard
nodes:
  - { id: src, plugin: static_source, config: { packets: [${PACKETS}] } }
  - { id: bad, plugin: "bad:Bad", runtime: ${runtime} }
  - { id: out, plugin: jsonl_sink, config: { path: out.jsonl, body: payload, flush_ms: 0 } }
edges:
  - { from: src, to: bad, durable: ${durable} }
  - { from: bad, to: out }
`;
const env = { ALLOW_ALL_PLUGINS: "true" };

/** Runs the graph until it ends by itself, as a service manager would, and looks at what became of all. */
async function untilItEnds(poison: string, text: string, ...flags: string[]) {
  using folder = folderWith({ "g.yaml": text, "plugins/bad.ts": plugin(poison) });
  fs.chmodSync(folder.at("plugins/bad.ts"), 0o644);
  const deaths: Ran[] = [];
  let last: Ran;
  for (;;) {
    last = await run(["run", "g.yaml", "--state-dir", "state", "--report-json", ...flags], { cwd: folder.folder, env });
    if (last.code === 0) break;
    deaths.push(last);
    if (deaths.length > 8) throw new Error(`it dies for ever:\n${last.stderr}`);
  }
  const peek = await run(["queue", "peek", "yard", "--state-dir", "state", "--dead", "--json"], { cwd: folder.folder });
  const { rows } = JSON.parse(peek.stdout);
  const report = JSON.parse(last.stdout.trimEnd().split("\n").at(-1)!);
  return { deaths, report, rows, out: cameOut(folder.folder), stderr: last.stderr };
}

const unique = (numbers: readonly number[]) => [...new Set(numbers)].sort((a, b) => a - b);

describe("a packet that a node cannot stand is a dead letter in the end, alone, and all others are delivered, when", () => {
  for (const ordered of [true, false]) {
    const durable = `{ max_attempts: 3, backoff_ms: 10, ordered: ${ordered} }`;
    const order = ordered ? "in order" : "without order";

    test(`it throws, ${order}`, async () => {
      const { deaths, report, rows, out } = await untilItEnds('throw new Error("poison");', graph(durable));
      expect([deaths.length, report.status, report.dead_letters.total]).toEqual([0, "degraded", 1]);
      expect(rows).toEqual([
        expect.objectContaining({ key: "p3", attempts: 3, node: "bad", error: expect.stringContaining("poison") }),
      ]);
      expect(out.toSorted()).toEqual(OTHERS);
      if (ordered) expect(out.filter((i) => i % 2 === 1)).toEqual([1, 5, 7, 9]);
    }, 30_000);

    test(`it kills the process, ${order}`, async () => {
      const { deaths, report, rows, out } = await untilItEnds('process.kill(process.pid, "SIGKILL");', graph(durable));
      expect(deaths.map(({ code }) => code)).toEqual([137, 137, 137]);
      const error = "given up after 3 attempts, the last without an answer";
      expect(rows).toEqual([expect.objectContaining({ key: "p3", attempts: 3, error })]);
      expect(unique(out)).toEqual(OTHERS);
      expect([report.status, report.edges[0].durable.ready]).toEqual(["degraded", 0]);
    }, 60_000);
  }

  test("it holds the process and the run ends with --stall-seconds", async () => {
    const text = graph("{ max_attempts: 2, backoff_ms: 10 }");
    const { deaths, rows, out } = await untilItEnds("for (;;) {}", text, "--stall-seconds", "1");
    expect(deaths.map(({ code }) => code)).toEqual([1, 1]);
    expect(rows).toEqual([expect.objectContaining({ key: "p3", attempts: 2 })]);
    expect(unique(out)).toEqual(OTHERS);
  }, 60_000);

  test("it never answers, has a delivery timeout, and others get through meanwhile", async () => {
    const delivery = "{ delivery: { timeout_sec: 1, max_attempts: 1 }, concurrency: 4, ordered: false }";
    const steady = "  - { id: steady, plugin: generate_source, config: { count: 400, rate: 50 } }\n  - { id: bad";
    const text = graph("{ max_attempts: 2, backoff_ms: 10 }", delivery)
      .replace("  - { id: bad", steady)
      .replace("edges:", "edges:\n  - { from: steady, to: bad }");
    const { deaths, rows, out } = await untilItEnds("return new Promise(() => {});", text);
    expect(deaths).toEqual([]);
    expect(rows).toEqual([expect.objectContaining({ key: "p3", attempts: 2, node: "bad" })]);
    expect(out).toHaveLength(400 + OTHERS.length);
  }, 60_000);
});

test("a packet that is never answered holds back its partition alone, and waits on the disk when the run is ended", async () => {
  const files = { "g.yaml": graph("{ max_attempts: 2 }", "{ concurrency: 4, ordered: false }") };
  using folder = folderWith({ ...files, "plugins/bad.ts": plugin("return new Promise(() => {});") });
  fs.chmodSync(folder.at("plugins/bad.ts"), 0o644);
  const args = ["run", "g.yaml", "--state-dir", "state", "--report-json", "--drain-seconds", "1"];
  await using program = start(args, { cwd: folder.folder, env });
  // s0 has the even ones, and 1 is before 3.
  await until(() => unique(cameOut(folder.folder)).join() === "0,1,2,4,6,8");
  const { code, stdout } = await program.stop();
  const report = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
  expect([code, report.edges[0].durable.ready + report.edges[0].durable.leased]).toEqual([0, 4]);
  const peek = await run(["queue", "peek", "yard", "--state-dir", "state", "--json"], { cwd: folder.folder });
  expect(JSON.parse(peek.stdout).rows.map(({ key }: { key: string }) => key)).toEqual(["p3", "p5", "p7", "p9"]);
}, 30_000);

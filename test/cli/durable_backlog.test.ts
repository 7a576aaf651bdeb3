import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { start } from "../support/running.ts";
import { sinkServer } from "../support/sink_server.ts";
import { cameOut, until } from "../support/webhook.ts";

/** The bench has 5 million; these say within seconds whether something grows with them. */
const ROWS = 200_000;
const MIB = 1_024 * 1_024;
/** An alarm is raised above this, and it takes nothing above 4 times as much. */
const WAL_ALARM = 64 * MIB;

const graph = (count: number, sink: string) => `version: 2
name: yard
nodes:
  - { id: src, plugin: generate_source, config: { count: ${count} } }
  - { id: out, ${sink} }
edges: [{ from: src, to: out, durable: { remember_sec: 0 } }]
`;
const FILE = "state/yard/queues/src.out+out.in.sqlite3";
const ARGS = ["run", "g.yaml", "--state-dir", "state", "--report-json", "--drain-seconds", "1"];
const size = (file: string) => fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
/** Most memory that a process has had. */
function peakBytes(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1_024;
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}
const durableOf = (stdout: string) => JSON.parse(stdout.trimEnd().split("\n").at(-1)!).edges[0].durable;

test.if(process.platform === "linux")(
  `a backlog of ${ROWS} rows costs neither memory nor log nor time at a restart, and leaves in order`,
  async () => {
    await using sink = sinkServer(false);
    using folder = folderWith({
      "g.yaml": graph(ROWS, `plugin: http_sink, config: { url: "${sink.url}" }`),
    });
    let longestLog = 0;
    let peak = 0;
    {
      await using program = start(ARGS, { cwd: folder.folder });
      await until(() => fs.existsSync(folder.at("state/yard/control.sock")));
      await until(async () => {
        longestLog = Math.max(longestLog, size(folder.at(`${FILE}-wal`)));
        peak = Math.max(peak, peakBytes(program.pid));
        const listed = await run(["queue", "ls", "yard", "--state-dir", "state", "--json"], { cwd: folder.folder });
        const [edge] = JSON.parse(listed.stdout).queues;
        return edge.ready + edge.leased === ROWS;
      }, 60_000);
      const { code, stdout } = await program.stop();
      expect([code, durableOf(stdout).ready + durableOf(stdout).leased]).toEqual([0, ROWS]);
    }
    expect(longestLog).toBeLessThan(WAL_ALARM);
    expect(peak).toBeLessThan(400 * MIB);
    fs.writeFileSync(
      folder.at("g.yaml"),
      graph(1, "plugin: jsonl_sink, config: { path: out.jsonl, body: payload, flush_ms: 0 }"),
    );
    const startedMs = performance.now();
    await using program = start(ARGS, { cwd: folder.folder });
    await until(() => size(folder.at("out.jsonl")) > 0);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    const ended = program.ended();
    let over = false;
    void ended.then(() => {
      over = true;
    });
    await until(() => {
      longestLog = Math.max(longestLog, size(folder.at(`${FILE}-wal`)));
      peak = Math.max(peak, peakBytes(program.pid));
      return over;
    }, 60_000);
    const { code, stdout } = await ended;
    expect([code, durableOf(stdout)]).toEqual([0, expect.objectContaining({ ready: 0, dead: 0, tail_lost: 0 })]);
    expect(cameOut(folder.folder).slice(0, ROWS)).toEqual(Array.from({ length: ROWS }, (_, i) => i));
    expect([longestLog < WAL_ALARM, peak < 400 * MIB]).toEqual([true, true]);
  },
  150_000,
);

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { binary, run, runCommand } from "../support/binary.ts";
import { folderWith, GOOD_GRAPH } from "../support/cli.ts";
import { needs } from "../support/part.ts";
import { runPowerless } from "../support/powerless.ts";

const sinkGraph = (count: number, config = "") => `version: 2
vars: { out: out.jsonl }
nodes:
  - { id: s, plugin: generate_source, config: { count: ${count} } }
  - { id: o, plugin: jsonl_sink, config: { path: "\${vars.out}"${config} } }
edges: [{ from: s, to: o }]
`;
/** Packets without an end, slow enough to be looked at. */
const ENDLESS = GOOD_GRAPH.replace("count: 2", "rate: 200");

const reportOf = (stdout: string) => JSON.parse(stdout.trimEnd().split("\n").pop()!);

describe("a sink on a disk", () => {
  // A file system of 64 KiB in a namespace of its own takes about 455 of these lines.
  needs("mount")(
    "that is full sets aside what it could not write: every packet is written or a dead letter",
    async () => {
      using folder = folderWith({ "g.yaml": sinkGraph(2_000) });
      const script = `mkdir tiny && mount -t tmpfs -o size=64k none tiny && "$@"; code=$?; cp tiny/out.jsonl kept.jsonl; exit $code`;
      const flags = ["--set", "vars.out=tiny/out.jsonl", "--report-json", "--dead-letters", "letters.jsonl"];
      const { code, stdout } = await runCommand(
        ["unshare", "--mount", "sh", "-c", script, "sh", binary(), "run", "g.yaml", ...flags],
        { cwd: folder.folder },
      );
      const report = reportOf(stdout);
      expect([code, report.status]).toEqual([0, "degraded"]);
      const numbers = (file: string) => fs.readFileSync(folder.at(file), "utf8").split("\n").filter(Boolean);
      const kept = numbers("kept.jsonl")
        .slice(0, -1)
        .map((line) => JSON.parse(line).payload.i);
      const letters = numbers("letters.jsonl")
        .map((line) => JSON.parse(line))
        .map(({ packet, record, reason }) => ({ i: (packet ?? JSON.parse(record.line)).payload.i, reason }));
      expect([...kept, ...letters.map(({ i }) => i)].toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 2_000 }, (_, i) => i),
      );
      expect(letters.every(({ reason }) => /out\.jsonl: ENOSPC.*make room on the disk/.test(reason))).toBe(true);
      expect(report.dead_letters.total).toBe(letters.length);
      expect(report.node_metrics.o.written_total).toBe(kept.length);
    },
  );

  test.if(process.platform === "linux")("that has room for a part of a dead letter fails the run", async () => {
    using folder = folderWith({
      "g.yaml": `version: 2
nodes:
  - { id: s, plugin: static_source, config: { packets: [{ payload: { text: "${"x".repeat(4_000)}" } }] } }
  - { id: m, plugin: map, config: { ops: [{ rename: absent, to: there }] } }
  - { id: o, plugin: null_sink }
edges: [{ from: s, to: m }, { from: m, to: o }]
`,
    });
    // No file may have more than one block: a write beyond it takes what fits, the next one is refused.
    const script = `trap "" XFSZ; ulimit -f 1; exec "$@"`;
    const { code, stderr } = await runCommand(
      ["sh", "-c", script, "sh", binary(), "run", "g.yaml", "--dead-letters", "letters.jsonl"],
      { cwd: folder.folder },
    );
    expect(code).toBe(1);
    expect(stderr).toContain('cannot keep a dead letter of node "m"');
  });

  test("where it may not write ends with code 1 before anything runs", async () => {
    using folder = folderWith({ "g.yaml": sinkGraph(5), "locked/x": "" });
    fs.chmodSync(folder.at("locked"), 0o555);
    const flags = ["--set", "vars.out=locked/out.jsonl", "--report-json"];
    const { code, stdout } = await runPowerless(["run", "g.yaml", ...flags], { cwd: folder.folder });
    expect([code, reportOf(stdout).metrics["packets.source_emitted_total"]]).toEqual([1, 0]);
    expect(reportOf(stdout).error).toMatch(/^cannot create node "o" .*locked\/out\.jsonl: EACCES.*give the user/);
    fs.chmodSync(folder.at("locked"), 0o755);
  });

  test.each([
    ["a folder", "d", "EISDIR", "name a file, this is a folder"],
    ["below a file", "d/x/out.jsonl", "EEXIST|ENOTDIR", "a part of the path is a file"],
  ])("whose path is %s ends with code 1 and says so on stderr", async (_, path, code, advice) => {
    using folder = folderWith({ "g.yaml": sinkGraph(5), "d/x": "" });
    const ran = await run(["run", "g.yaml", "--set", `vars.out=${path}`], { cwd: folder.folder });
    expect([ran.code, ran.stdout]).toEqual([1, ""]);
    expect(ran.stderr).toMatch(new RegExp(`^g: error .*cannot create node "o" .*(${code}).*${advice}`));
  });
});

describe("standard output", () => {
  test("that a reader closes early (| head) ends the run quietly, its report included", async () => {
    using folder = folderWith({ "g.yaml": GOOD_GRAPH.replace("count: 2", "count: 0") });
    const script = `{ "$@" --report report.json; echo "code $?" >&2; } | head -n 1`;
    const ran = await runCommand(["sh", "-c", script, "sh", binary(), "run", "g.yaml"], { cwd: folder.folder });
    expect(ran.stdout.split("\n")).toHaveLength(2);
    expect(ran.stderr).toContain("stopped by stdout_closed");
    expect(ran.stderr).toEndWith("code 0\n");
    expect(ran.stderr).not.toContain("EPIPE");
    expect(JSON.parse(fs.readFileSync(folder.at("report.json"), "utf8"))).toMatchObject({
      stop_reason: "stdout_closed",
    });
  });

  test.if(process.platform === "linux")("on a full disk fails the run and says why, without a stack", async () => {
    using folder = folderWith({
      "g.yaml": GOOD_GRAPH,
      "none.yaml": GOOD_GRAPH.replace("count: 2", "count: 2, kind: a"),
    });
    const script = `"$@" > /dev/full`;
    const at = { cwd: folder.folder };
    const data = await runCommand(["sh", "-c", script, "sh", binary(), "run", "g.yaml"], at);
    expect(data.code).toBe(1);
    expect(data.stderr).toContain("cannot write to stdout: ENOSPC");
    const report = await runCommand(["sh", "-c", script, "sh", binary(), "run", "g.yaml", "--report-json"], at);
    expect(report.code).toBe(1);
    expect(report.stderr).toMatch(/cannot write to stdout: ENOSPC/);
    expect(report.stderr).not.toMatch(/^ +at /m);
  });
});

describe("a signal", () => {
  /** Starts the endless graph and signals it when its first packet is out. */
  async function signalled(graph: string, signals: NodeJS.Signals[], flags: string[] = []) {
    using folder = folderWith({ "g.yaml": graph });
    const child = Bun.spawn([binary(), "run", "g.yaml", "--report-json", ...flags], {
      cwd: folder.folder,
      stdout: "pipe",
      stderr: "pipe",
    });
    const reader = child.stdout.getReader();
    const first = await reader.read();
    let stdout = new TextDecoder().decode(first.value);
    for (const signal of signals) {
      child.kill(signal);
      await Bun.sleep(50);
    }
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      stdout += new TextDecoder().decode(step.value);
    }
    return { code: await child.exited, stdout, stderr: await child.stderr.text() };
  }

  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s ends the run with code 0, all that was made and its report",
    async (signal) => {
      const { code, stdout } = await signalled(ENDLESS, [signal]);
      const report = reportOf(stdout);
      expect([code, report.status, report.stop_reason]).toEqual([0, "ok", "signal"]);
      const printed = stdout
        .trimEnd()
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line).payload.i);
      expect(printed).toEqual(Array.from({ length: report.metrics["packets.source_emitted_total"] }, (_, i) => i));
      expect(printed.length).toBeGreaterThan(0);
    },
  );

  test("a second one ends a drain that takes long at once, with the code that shells give a signal", async () => {
    // Each packet takes a good part of a second, in steps between which signals are heard.
    const slow = "{ timeout_ms: 600000, jsonata: '$sum($map([1..100000], function($v) { $v * 2 }))' }";
    const busy = ENDLESS.replace(
      "edges: [",
      `  - { id: h, plugin: map, config: ${slow} }\nedges: [{ from: s, to: h }, `,
    );
    const startMs = performance.now();
    const { code } = await signalled(busy, ["SIGTERM", "SIGTERM"], ["--drain-seconds", "60"]);
    expect(code).toBe(143);
    expect(performance.now() - startMs).toBeLessThan(10_000);
  });
});

describe("a limit", () => {
  test.each([
    ["--max-packets", "10", "max_packets"],
    ["--max-seconds", "0.3", "max_seconds"],
  ])("%s %s ends an endless run with code 0", async (flag, value, reason) => {
    using folder = folderWith({ "g.yaml": ENDLESS });
    const { code, stdout } = await run(["run", "g.yaml", flag, value, "--report-json"], { cwd: folder.folder });
    expect([code, reportOf(stdout).status, reportOf(stdout).stop_reason]).toEqual([0, "ok", reason]);
  });
});

describe("--http", () => {
  test("on a port in use ends with code 3 before anything runs, and says what to do", async () => {
    using folder = folderWith({ "g.yaml": sinkGraph(5) });
    using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const ran = await run(["run", "g.yaml", "--http", `127.0.0.1:${taken.port}`], { cwd: folder.folder });
    expect(ran.code).toBe(3);
    expect(ran.stderr).toBe(
      `HTTP_IN_USE: Cannot listen on 127.0.0.1:${taken.port} as another program uses that port\n  hint: stop it, choose another port, or use port 0 to take a free one\n`,
    );
    expect(fs.existsSync(folder.at("out.jsonl"))).toBe(false);
  });

  test("on every address without a token ends with code 3", async () => {
    using folder = folderWith({ "g.yaml": GOOD_GRAPH });
    const ran = await run(["run", "g.yaml", "--http", "0.0.0.0:0"], { cwd: folder.folder });
    expect([ran.code, ran.stderr.split(":")[0]]).toEqual([3, "HTTP_EXPOSED"]);
  });

  test("serves health, readiness, metrics and the report of a run that goes on", async () => {
    using folder = folderWith({ "g.yaml": ENDLESS });
    const child = Bun.spawn([binary(), "run", "g.yaml", "--http", "127.0.0.1:0"], {
      cwd: folder.folder,
      stdout: "ignore",
      stderr: "pipe",
    });
    const reader = child.stderr.getReader();
    const url = /url=(\S+)/.exec(new TextDecoder().decode((await reader.read()).value))![1]!;
    const get = async (path: string) => (await fetch(new URL(path, url))).text();
    expect((await fetch(new URL("/healthz", url))).status).toBe(200);
    expect((await fetch(new URL("/readyz", url))).status).toBe(200);
    expect(await get("/metrics")).toContain("schnitzel_");
    expect(JSON.parse(await get("/report"))).toMatchObject({ state: "running", status: "ok", name: "g" });
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });
});

describe("a file that the command is to write", () => {
  test.each(["--report", "--dead-letters"])(
    "%s in a folder that is not there ends with code 2 at once",
    async (flag) => {
      using folder = folderWith({ "g.yaml": sinkGraph(5) });
      const ran = await run(["run", "g.yaml", flag, "nowhere/x.json"], { cwd: folder.folder });
      expect(ran.code).toBe(2);
      expect(ran.stderr).toMatch(new RegExp(`cannot write ${flag} \\S*nowhere/x.json: ENOENT`));
      expect(fs.existsSync(folder.at("out.jsonl"))).toBe(false);
    },
  );
});

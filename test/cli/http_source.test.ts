import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as net from "node:net";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { start } from "../support/running.ts";

/** A webhook into a file; `edge` between them. */
const graph = (config: string, edge = "") => `version: 2
nodes:
  - { id: hook, plugin: http_source, config: { listen: "127.0.0.1:0", ${config} } }
  - { id: out, plugin: jsonl_sink, config: { path: out.jsonl, body: payload, flush_ms: 0 } }
edges: [{ from: hook, to: out${edge} }]
`;

const LISTENS = /takes packets over HTTP url=http:\/\/(127\.0\.0\.1):(\d+)/;

/** The graph while it runs, and its port. */
async function running(cwd: string, ...flags: string[]) {
  const program = start(["run", "g.yaml", "--state-dir", "state", "--report-json", ...flags], { cwd });
  const [, hostname, port] = await program.saw(LISTENS);
  const url = `http://${hostname}:${port}/`;
  return {
    program,
    port: Number(port),
    url,
    post: (body: string, headers: Record<string, string> = {}) =>
      fetch(url, { method: "POST", body, headers: { "content-type": "application/json", ...headers } }),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

const reportOf = (stdout: string) => JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
const written = (file: string) =>
  fs.existsSync(file)
    ? fs
        .readFileSync(file, "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line))
    : [];

/** What a connection hears until it is closed, when `parts` are written to it one by one. */
function talk(port: number, parts: readonly string[], gapMs: number): Promise<{ heard: string; ms: number }> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    let heard = "";
    const socket = net.connect(port, "127.0.0.1", async () => {
      for (const part of parts) {
        if (socket.destroyed) return;
        socket.write(part);
        await Bun.sleep(gapMs);
      }
    });
    socket.on("data", (data) => {
      heard += data;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve({ heard, ms: performance.now() - startedMs }));
  });
}

describe("http_source, by the binary,", () => {
  test("loses nothing that it answered with 202 when the process is killed", async () => {
    using folder = folderWith({ "g.yaml": graph("max_in_flight: 64", ", durable: true") });
    const accepted = new Set<number>();
    for (let round = 0; round < 3; round++) {
      await using one = await running(folder.folder);
      let at = 0;
      const killAt = accepted.size + 200;
      const senders = Array.from({ length: 16 }, async () => {
        while (at < 400) {
          const i = round * 1_000 + at++;
          const status = await one.post(`{"i":${i}}`, { "idempotency-key": `k${i}` }).then(
            (response) => response.status,
            () => 0,
          );
          if (status !== 202) continue;
          accepted.add(i);
          // Once: what was on its way back is accepted as well, and goes over the number.
          if (accepted.size === killAt) process.kill(one.program.pid, "SIGKILL");
        }
      });
      await Promise.all(senders);
    }
    expect(accepted.size).toBeGreaterThanOrEqual(600);
    await using last = await running(folder.folder);
    expect((await last.post('{"i":-1}')).status).toBe(202);
    while (!written(folder.at("out.jsonl")).some(({ i }) => i === -1)) await Bun.sleep(20);
    const { code, stdout } = await last.program.stop();
    expect([code, reportOf(stdout).status]).toEqual([0, "ok"]);
    const delivered = new Set(written(folder.at("out.jsonl")).map(({ i }) => i));
    expect([...accepted].filter((i) => !delivered.has(i))).toEqual([]);
  }, 60_000);

  test("answers each of 10,000 concurrent posts with 202 or 503, and keeps what it took", async () => {
    using folder = folderWith({ "g.yaml": graph("max_in_flight: 512", ", durable: true") });
    await using one = await running(folder.folder);
    const statuses = new Map<number, number>();
    const taken: number[] = [];
    await Promise.all(
      Array.from({ length: 10_000 }, async (_, i) => {
        // Every post has a connection of its own, as 10,000 senders have.
        const response = await one.post(`{"i":${i}}`, { connection: "close" });
        await response.text();
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        if (response.status === 202) taken.push(i);
        else expect(response.headers.get("retry-after")).toBe("1");
      }),
    );
    expect([...statuses.keys()].filter((status) => status !== 202 && status !== 503)).toEqual([]);
    expect((statuses.get(202) ?? 0) + (statuses.get(503) ?? 0)).toBe(10_000);
    expect(taken.length).toBeGreaterThan(0);
    const { code, stdout } = await one.program.stop();
    expect([code, reportOf(stdout).node_metrics.hook.accepted_total]).toEqual([0, taken.length]);
    await using again = await running(folder.folder);
    expect((await again.post('{"i":-1}')).status).toBe(202);
    while (!written(folder.at("out.jsonl")).some(({ i }) => i === -1)) await Bun.sleep(20);
    const delivered = new Set(written(folder.at("out.jsonl")).map(({ i }) => i));
    expect(taken.filter((i) => !delivered.has(i))).toEqual([]);
  }, 120_000);

  test("cuts off who sends head or body drop by drop, and serves others meanwhile", async () => {
    using folder = folderWith({ "g.yaml": graph("idle_sec: 1, max_in_flight: 2") });
    await using one = await running(folder.folder);
    const head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    const drops = (text: string) => [...text.padEnd(200, "x")];
    const loris = [
      talk(one.port, [head, ...drops("X-A: ")], 100),
      talk(one.port, [`${head}Content-Length: 1000\r\n\r\n`, ...drops('"')], 100),
    ];
    await Bun.sleep(300);
    expect((await one.post("1")).status).toBe(202);
    for (const { heard, ms } of await Promise.all(loris)) {
      expect(heard).not.toContain("202");
      // 12 s is Bun's own bound for a head, rounded up to its next look at the clock.
      expect(ms).toBeLessThan(18_000);
    }
    const { stdout } = await one.program.stop();
    expect(reportOf(stdout).node_metrics.hook).toMatchObject({ accepted_total: 1, in_flight: 0 });
  }, 40_000);

  test("refuses what is no HTTP, what is too long and what contradicts itself, and goes on", async () => {
    using folder = folderWith({ "g.yaml": graph("max_body_bytes: 1000, idle_sec: 5") });
    await using one = await running(folder.folder);
    const head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    const chunk = `320\r\n${"x".repeat(800)}\r\n`;
    for (const [parts, status] of [
      [["garbage\r\n\r\n"], "400"],
      [[`${head}Content-Length: 2000\r\n\r\n${"x".repeat(2_000)}`], "413"],
      [[`${head}Transfer-Encoding: chunked\r\n\r\n${chunk}`, `${chunk}0\r\n\r\n`], "413"],
      [[`${head}Content-Length: 99999999999\r\n\r\n`], "413"],
      [[`${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`], "400"],
      [[`${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n1`], "400"],
      [[`${head}X-A: ${"b".repeat(100_000)}\r\n\r\n`], "431"],
      [["POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n1"], "400"],
    ] as const) {
      const { heard } = await talk(one.port, parts, 20);
      expect([parts[0].slice(0, 80), heard.slice(0, 12)]).toEqual([parts[0].slice(0, 80), `HTTP/1.1 ${status}`]);
    }
    expect((await one.post("1")).status).toBe(202);
  }, 40_000);

  test("finishes what is under way after SIGTERM, refuses what is new, and ends with 0", async () => {
    const slow = graph("", "").replace(
      "  - { id: out",
      "  - { id: away, plugin: http_sink, config: { url: URL }, runtime: { concurrency: 8 } }\n  - { id: out",
    );
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let came = 0;
    await using backend = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        await request.text();
        came += 1;
        await released;
        return new Response();
      },
    });
    const text = slow
      .replace("URL", JSON.stringify(`http://127.0.0.1:${backend.port}/`))
      .replace("edges: [", "edges: [{ from: hook, to: away }, ");
    using folder = folderWith({ "g.yaml": text });
    await using one = await running(folder.folder);
    const waiting = Array.from({ length: 4 }, (_, i) => one.post(`{"i":${i}}`));
    while (came < 4) await Bun.sleep(5);
    const ended = one.program.stop();
    await one.program.saw(/stopping/);
    const refused = await one.post("1").then(
      (response) => response.status,
      () => 503,
    );
    release();
    expect([refused, ...(await Promise.all(waiting)).map(({ status }) => status)]).toEqual([503, 202, 202, 202, 202]);
    const { code, stdout } = await ended;
    expect([code, reportOf(stdout).status]).toEqual([0, "ok"]);
  }, 30_000);
});

describe("a graph with http_source", () => {
  test("that other machines reach without a token is refused, with the ways out", async () => {
    for (const [config, code] of [
      ['listen: "0.0.0.0:8088"', 2],
      ['listen: "[::]:8088"', 2],
      ['listen: "0.0.0.0:8088", token: short', 2],
      ['listen: "0.0.0.0:8088", token: "0123456789abcdef"', 0],
      ['listen: "0.0.0.0:8088", insecure: true', 0],
    ] as const) {
      using folder = folderWith({ "g.yaml": graph("", ", durable: true").replace('listen: "127.0.0.1:0", ', config) });
      const validated = await run(["validate", "g.yaml"], { cwd: folder.folder });
      expect([config, validated.code]).toEqual([config, code]);
    }
  });

  test("whose token is too short shows nothing of it, neither in the message nor in the line", async () => {
    using folder = folderWith({ "g.yaml": graph('token: "canaryShort", ') });
    const { code, stderr, stdout } = await run(["validate", "g.yaml"], { cwd: folder.folder });
    expect(code).toBe(2);
    expect(stderr).toContain("current value is ***");
    expect(stderr + stdout).not.toContain("canary");
    expect((await run(["validate", "g.yaml", "--json"], { cwd: folder.folder })).stdout).not.toContain("canary");
  });

  test("ends with an error that names the port when another program has it", async () => {
    await using other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    using folder = folderWith({ "g.yaml": graph("").replace("127.0.0.1:0", `127.0.0.1:${other.port}`) });
    const { code, stdout } = await run(["run", "g.yaml", "--report-json"], { cwd: folder.folder });
    expect([code, reportOf(stdout).error]).toEqual([
      3,
      `cannot open node "hook" (http_source): cannot listen on 127.0.0.1:${other.port} as another program uses that port: stop it, or choose another port`,
    ]);
  });

  test("keeps its token out of everything it writes", async () => {
    using folder = folderWith({ "g.yaml": graph('token: "${file:token}"'), token: "canary-0123456789" });
    await using one = await running(folder.folder);
    expect((await one.post("1")).status).toBe(401);
    expect((await one.post("{", { authorization: "Bearer canary-0123456789" })).status).toBe(400);
    expect((await one.post("1", { authorization: "Bearer canary-0123456789" })).status).toBe(202);
    const { stdout, stderr } = await one.program.stop();
    expect(stdout + stderr).not.toContain("canary");
  });
});

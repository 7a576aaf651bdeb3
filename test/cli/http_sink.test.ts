import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { ROOT, run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { start } from "../support/running.ts";

const pem = (name: string) => fs.readFileSync(path.join(ROOT, "test/fixtures/tls", name), "utf8");

const graph = (url: string, { config = "", runtime = "", count = 100, edge = "" } = {}) => `version: 2
nodes:
  - { id: src, plugin: generate_source, config: { count: ${count} } }
  - { id: post, plugin: http_sink, config: { url: "${url}"${config} }${runtime} }
edges: [{ from: src, to: post${edge} }]
`;

async function runGraph(text: string, files: Record<string, string> = {}) {
  using folder = folderWith({ "g.yaml": text, ...files });
  const args = ["run", "g.yaml", "--report-json", "--state-dir", "state"];
  const { code, stdout, stderr } = await run(args, { cwd: folder.folder, timeoutMs: 60_000 });
  const report = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
  return { code, stderr, report, metrics: report.node_metrics?.post as Record<string, number> };
}

/** `mock-backend` on a free port. */
async function backend(...flags: string[]) {
  const program = start(["mock-backend", "--listen", "127.0.0.1:0", "--json", ...flags], { cwd: ROOT });
  const [, url] = await program.saw(/\{"url":"([^"]+)"/);
  return {
    url: url!,
    stats: async () => (await (await fetch(`${url}/stats`)).json()) as Record<string, number>,
    control: (change: object) =>
      fetch(`${url}/control`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(change),
      }),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

describe("http_sink, by the binary,", () => {
  test("delivers everything to a backend that answers, breaks off, resets and redirects nothing", async () => {
    await using one = await backend("--seed", "3", "--status", "503:0.1", "--reset", "0.05", "--partial", "0.05");
    const runtime = ", runtime: { concurrency: 16, delivery: { backoff_ms: 5, backoff_max_ms: 20 } }";
    const { code, report, metrics } = await runGraph(graph(one.url, { runtime, count: 1_000 }));
    expect([code, report.status, metrics.posted_total]).toEqual([0, "ok", 1_000]);
    const { unique, duplicates } = await one.stats();
    // An answer that broke off was a packet that had been taken, so its key comes twice.
    expect([unique, duplicates! > 0]).toEqual([1_000, true]);
  }, 60_000);

  test("holds everything through an outage, and goes on by itself when it is over", async () => {
    await using one = await backend();
    await one.control({ mode: "down" });
    using folder = folderWith({ "g.yaml": graph(one.url, { count: 200, edge: ", durable: true" }) });
    await using program = start(["run", "g.yaml", "--report-json", "--state-dir", "state"], { cwd: folder.folder });
    await program.saw(/the outside does not take packets/);
    await one.control({ mode: "up" });
    const sinceMs = performance.now();
    while ((await one.stats()).unique! < 200) await Bun.sleep(10);
    expect(performance.now() - sinceMs).toBeLessThan(15_000);
    const stats = await one.stats();
    expect(stats).toMatchObject({ unique: 200, duplicates: 0 });
  }, 60_000);

  test("keeps the order of its packets unless it is told to have several under way", async () => {
    const bodies: number[] = [];
    await using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        const { i } = (await request.json()) as { i: number };
        if (i % 7 === 0) await Bun.sleep(2);
        bodies.push(i);
        return new Response();
      },
    });
    await runGraph(graph(server.url.origin));
    expect(bodies).toEqual(Array.from({ length: 100 }, (_, at) => at));
  });

  test("uses a connection again, whatever it is answered", async () => {
    const ports = new Set<number>();
    let at = 0;
    await using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request, self) {
        ports.add(self.requestIP(request)!.port);
        await request.text();
        const body = "x".repeat([0, 10, 5_000][at++ % 3]!);
        return new Response(body, { status: at % 5 === 0 ? 422 : 200 });
      },
    });
    const { report } = await runGraph(graph(server.url.origin));
    expect([report.dead_letters.total, at]).toEqual([20, 100]);
    expect(ports.size).toBe(1);
  });

  test.each([301, 302, 303, 307, 308])(
    "follows no redirect of %i, which would lose the body or lead elsewhere",
    async (status) => {
      const paths: string[] = [];
      await using server = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch({ method, url }) {
          paths.push(`${method} ${new URL(url).pathname}`);
          return new Response(null, { status, headers: { location: "/elsewhere" } });
        },
      });
      const { report } = await runGraph(graph(`${server.url.origin}/in`, { count: 1 }));
      expect([report.dead_letters.total, paths]).toEqual([1, ["POST /in"]]);
      expect(report.dead_letters.first[0].reason).toContain(
        `the server answered ${status}; redirects are not followed`,
      );
    },
  );

  test("packs several packets into a request", async () => {
    await using one = await backend();
    const config = ", batch: { max_packets: 25, max_ms: 1000 }, body: packet, gzip: true";
    const plain = config.replace(", gzip: true", "");
    await runGraph(graph(one.url, { config: plain, runtime: ", runtime: { concurrency: 50 }" }));
    expect(await one.stats()).toMatchObject({ posts: 4, batches: 4, unique: 100, duplicates: 0 });
  });

  test("shows the server its certificate, and checks the server's", async () => {
    const names: string[] = [];
    const tls = { key: pem("server.key"), cert: pem("server.pem"), ca: pem("ca.pem") };
    await using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: { ...tls, requestCert: true, rejectUnauthorized: true },
      async fetch(request) {
        names.push(`${request.headers.get("host")} ${await request.text()}`);
        return new Response();
      },
    });
    const files = Object.fromEntries(["ca.pem", "client.pem", "client.key"].map((name) => [name, pem(name)]));
    const url = (host: string) => `https://${host}:${server.port}/in`;
    const soon = ", runtime: { delivery: { give_up_sec: 0.1 } }";
    const both = ', tls: { ca: ca.pem, cert: "${file:client.pem}", key: client.key }';
    const { report } = await runGraph(graph(url("localhost"), { config: both, count: 3 }), files);
    expect([report.status, names]).toEqual(["ok", [0, 1, 2].map((i) => `localhost:${server.port} {"i":${i}}`)]);
    for (const [host, config, words] of [
      ["127.0.0.1", both, "the server's certificate is for another name"],
      ["localhost", "", "signed by nobody known"],
      ["localhost", ", tls: { ca: ca.pem }", "does it want a certificate?"],
    ] as const) {
      const refused = await runGraph(graph(url(host), { config, runtime: soon, count: 1 }), files);
      expect(refused.report.dead_letters.first[0].reason).toContain(words);
    }
    expect(names).toHaveLength(3);
  }, 60_000);

  test("keeps its credentials out of everything it writes, also when the server repeats them", async () => {
    await using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ headers }) => new Response(`${headers.get("authorization")} canary-token-1`, { status: 400 }),
    });
    const config = ', auth: { basic: { user: yard, password: "${file:secret}" } }';
    const url = `${server.url.origin}/in?token=canary-token-1`;
    const { stderr, report } = await runGraph(graph(url, { config, count: 2 }), { secret: "canary-password-2" });
    expect(report.dead_letters.total).toBe(2);
    const all = stderr + JSON.stringify(report);
    expect(all).toContain("the server answered 400");
    expect(all).not.toContain("canary-password-2");
    expect(all).not.toContain(Buffer.from("yard:canary-password-2").toString("base64"));
  });

  test("gives up a server that hangs after timeout_ms", async () => {
    await using one = await backend("--hang", "1");
    const config = ", timeout_ms: 200";
    const runtime = ", runtime: { delivery: { give_up_sec: 0.3 } }";
    const { report } = await runGraph(graph(one.url, { config, runtime, count: 1 }));
    expect(report.dead_letters.first[0].reason).toContain("no answer within 200 ms");
  });
});

test.each([401, 403, 404])(
  "http_sink holds a backlog while the server answers %i, and delivers it afterwards",
  async (refusal) => {
    let answers = 0;
    const taken: string[] = [];
    await using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        const body = await request.text();
        answers += 1;
        if (answers <= 8) return new Response("who?", { status: refusal });
        taken.push(body);
        return new Response();
      },
    });
    const runtime = ", runtime: { delivery: { backoff_ms: 5, backoff_max_ms: 20 } }";
    const text = graph(server.url.href, { runtime, count: 300, edge: ", durable: { max_attempts: 1 }" });
    const { code, report, stderr } = await runGraph(text);
    expect([code, report.status, report.dead_letters.total, taken.length]).toEqual([0, "ok", 0, 300]);
    expect(stderr).toMatch(
      new RegExp(`the outside does not take packets.*the server answered ${refusal}: who\\?; as long`),
    );
  },
  60_000,
);

import { describe, expect, test } from "bun:test";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { sinkServer } from "../support/sink_server.ts";
import { cameOut, startWebhook, until } from "../support/webhook.ts";

const graph = (nodes: readonly string[], edges: readonly string[]) => `version: 2
name: yard
nodes:
${nodes.map((one) => `  - { ${one} }\n`).join("")}edges:
${edges.map((one) => `  - { ${one} }\n`).join("")}`;

/** Answers 500 to the first requests and 200 to the others. */
function failingServer(failures: number) {
  const taken: string[] = [];
  let left = failures;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const text = await request.text();
      left -= 1;
      if (left >= 0) return new Response("broken\n", { status: 500 });
      taken.push(text);
      return new Response();
    },
  });
  return {
    taken,
    url: `http://127.0.0.1:${server.port}/`,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

describe("dedup, by the binary,", () => {
  test("passes a packet again that a sink behind it failed on, so that its durable edge does not lose it", async () => {
    await using server = failingServer(6);
    using folder = folderWith({
      "g.yaml": graph(
        [
          "id: gen, plugin: generate_source, config: { count: 2 }",
          "id: once, plugin: dedup",
          `id: out, plugin: http_sink, config: { url: "${server.url}" }, runtime: { delivery: { max_attempts: 2 } }`,
        ],
        ["from: gen, to: once, durable: true", "from: once, to: out"],
      ),
    });
    const { code } = await run(["run", "g.yaml", "--state-dir", "state"], { cwd: folder.folder });
    expect([code, server.taken.length]).toEqual([0, 2]);
  }, 60_000);

  test("answers a repeat with 202 no sooner than the first copy is safe", async () => {
    await using server = sinkServer(false);
    using folder = folderWith({
      "g.yaml": graph(
        [
          'id: hook, plugin: http_source, config: { listen: "127.0.0.1:0", ack_timeout_ms: 1000 }',
          "id: once, plugin: dedup",
          `id: out, plugin: http_sink, config: { url: "${server.url}" }`,
        ],
        ["from: hook, to: once", "from: once, to: out, durable: { max_bytes: 60 }"],
      ),
    });
    await using hook = await startWebhook(folder.folder);
    const statuses: number[] = [];
    // The edge has room for one row, and so neither post of number 3 can be safe.
    for (const i of [1, 2, 3, 3]) statuses.push((await hook.post(i)).status);
    expect(statuses.slice(-2)).toEqual([503, 503]);
    server.here = true;
    await until(async () => (await hook.post(3)).status === 202);
    await until(() => server.taken.includes(3));
    expect(server.taken.filter((i) => i === 3)).toEqual([3]);
  }, 60_000);
});

describe("jsonl_sink, by the binary,", () => {
  for (const round of Array.from({ length: 10 }, (_, at) => at)) {
    test(`has in its file what a durable edge was told it took, when the process is killed (${round})`, async () => {
      using folder = folderWith({
        "g.yaml": graph(
          [
            'id: hook, plugin: http_source, config: { listen: "127.0.0.1:0" }',
            "id: out, plugin: jsonl_sink, config: { path: out.jsonl, body: payload }",
          ],
          ["from: hook, to: out, durable: true"],
        ),
      });
      const sent = [1, 2, 3, 4, 5, 6];
      {
        await using hook = await startWebhook(folder.folder);
        for (const i of sent) expect((await hook.post(i)).status).toBe(202);
        await hook.program.stop("SIGKILL");
      }
      await using again = await startWebhook(folder.folder);
      expect((await again.post(0)).status).toBe(202);
      await until(() => cameOut(folder.folder).includes(0));
      await again.stop();
      const out = new Set(cameOut(folder.folder));
      expect(sent.filter((i) => !out.has(i))).toEqual([]);
    }, 60_000);
  }
});

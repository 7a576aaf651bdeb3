import { expect, test } from "bun:test";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";

const graph = (middle: string) => `version: 2
name: drilled
nodes:
  - id: in
    plugin: http_source
    config: { listen: "127.0.0.1:8080", path: /hook, token: "0123456789abcdef", source_id_field: partition }
  - id: middle
${middle}
  - id: out
    plugin: http_sink
    config: { url: "http://192.0.2.1/", idempotency_header: X-Key, egress: { allow: [192.0.2.1] } }
    runtime: { concurrency: 8 }
edges: [{ from: in, to: middle, durable: true }, { from: middle, to: out, durable: true }]
`;

async function drilled(middle: string, ...args: string[]) {
  using folder = folderWith({ "graph.yaml": graph(middle) });
  return await run(["drill", "graph.yaml", "--faults", "kill", "--kills", "3", "--packets", "300", ...args], {
    cwd: folder.folder,
    timeoutMs: 120_000,
  });
}

test("a graph of one's own is drilled behind its token, and no packet leaves the machine", async () => {
  const middle = "    plugin: map\n    config: { ops: [{ set: seen, value: true }] }";
  const { code, stdout, stderr } = await drilled(middle, "--json");
  expect(stdout, stderr).toStartWith("{");
  const { faults, ok } = JSON.parse(stdout);
  expect(faults[0]).toMatchObject({ rounds: 3, lost: 0, outOfOrder: 0, comparesPayloads: false });
  expect({ code, ok }).toEqual({ code: 0, ok: true });
}, 130_000);

test("a graph that drops packets on purpose is not drilled, and the reason is told", async () => {
  const { code, stderr } = await drilled("    plugin: filter\n    config: { when: 'payload.number % 2 == 0' }");
  expect(code).toBe(2);
  expect(stderr).toMatch(/cannot drill graph.yaml as without any fault it delivered \d+ of \d+ packets/);
  expect(stderr).toContain("a graph under drill must deliver each packet it takes");
}, 130_000);

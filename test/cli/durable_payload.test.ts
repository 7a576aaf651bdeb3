import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { cameOut, startWebhook, until, webhookGraph } from "../support/webhook.ts";

/** A source whose second packet of three is `{ payload, meta }` as the text says; the others are `{i: 0}` and `{i: 2}`. */
const plugin = (odd: string) => `import { ANY, defineNode, port, v } from "schnitzel";
export const Odd = defineNode({
  name: "odd",
  kind: "source",
  doc: "Three packets, one of them odd.",
  config: v.strictObject({}),
  outputs: { out: port(ANY, "Packets.") },
  examples: [],
  create: (config, context) => ({
    *run() {
      yield context.packet({ kind: "raw", source_id: "s", payload: { i: 0 } });
      yield context.packet({ kind: "raw", source_id: "s", ...(${odd}) });
      yield context.packet({ kind: "raw", source_id: "s", payload: { i: 2 } });
    },
  }),
});
`;

const graph = (edge = "durable: true") => `version: 2
name: yard
nodes:
  - { id: odd, plugin: "odd:Odd" }
  - { id: out, plugin: jsonl_sink, config: { path: out.jsonl, body: payload, flush_ms: 0 } }
edges: [{ from: odd, to: out, ${edge} }]
`;

/** Runs the graph with a locked plugin; gives what came out and what became a dead letter. */
async function runWith(odd: string, edge?: string) {
  using folder = folderWith({ "g.yaml": graph(edge), "plugins/odd.ts": plugin(odd) });
  fs.chmodSync(folder.at("plugins/odd.ts"), 0o644);
  const env = { ALLOW_ALL_PLUGINS: undefined };
  const locked = await run(["plugin", "lock"], { cwd: folder.folder, env });
  if (locked.code !== 0) throw new Error(locked.stderr);
  const ran = await run(["run", "g.yaml", "--state-dir", "state", "--report-json"], { cwd: folder.folder, env });
  const report = JSON.parse(ran.stdout.trimEnd().split("\n").at(-1)!);
  const peek = await run(["queue", "peek", "yard", "--state-dir", "state", "--dead", "--json"], { cwd: folder.folder });
  const lines = fs.readFileSync(folder.at("out.jsonl"), "utf8").trimEnd().split("\n");
  return { ...ran, report, rows: JSON.parse(peek.stdout).rows, lines };
}

describe("a payload that a row cannot hold is a dead letter that names the place, and the packets around it go on:", () => {
  for (const [what, odd, message] of [
    ["BigInt", "{ payload: { i: 1n } }", /payload\.i .*bigint/i],
    [
      "a cycle",
      "(() => { const a: any = { i: 1 }; a.self = a; return { payload: a }; })()",
      / payload(\.self){10}\S{3}… as JSON: it is a cycle or more than 256 levels, .*; cut the cycle upstream/,
    ],
    ["a Date", "{ payload: { at: new Date(0) } }", /payload\.at .*Date/],
    ["NaN", "{ payload: { list: [1, NaN] } }", /payload\.list\[1\] .*NaN/],
    ["Infinity", "{ payload: { i: Infinity } }", /payload\.i .*Infinity/],
    ["a function", "{ payload: { call: () => 1 } }", /payload\.call .*function/],
    ["a symbol", '{ payload: { s: Symbol("x") } }', /payload\.s .*symbol/],
    ["bytes", "{ payload: { raw: new Uint8Array(4) } }", /payload\.raw .*(Uint8Array|bytes)/],
    ["a Map", "{ payload: new Map([[1, 2]]) }", /payload .*Map/],
    ["NaN in meta", "{ payload: 1, meta: { score: NaN } }", /meta\.score .*NaN/],
    [
      "a key of 10 kB",
      '{ payload: 1, meta: { idempotency_key: "k".repeat(10_000) } }',
      /idempotency key must be at most 1024 bytes, this one has 10000/,
    ],
    [
      "an empty key",
      '{ payload: 1, meta: { idempotency_key: "" } }',
      /idempotency key is empty; leave meta\.idempotency_key out or fill it/,
    ],
    [
      "20 MB",
      '{ payload: { text: "x".repeat(20_000_000) } }',
      /payload and meta must be at most 16777216 bytes, these are 2000\d+/,
    ],
  ] as const) {
    test(what, async () => {
      const { code, report, rows, lines, stderr } = await runWith(odd);
      expect([code, report.status]).toEqual([0, "degraded"]);
      expect(lines).toEqual(['{"i":0}', '{"i":2}']);
      expect(rows).toHaveLength(1);
      expect(rows[0].error).toMatch(message);
      // The edge refused it; no node behind it has seen it.
      expect(rows[0].node).toBe("odd.out->out.in");
      expect(stderr).toMatch(message);
    }, 30_000);
  }
});

test("20 MB pass over an edge with payload_ref: they lie in a file", async () => {
  const odd = '{ payload: { text: "x".repeat(20_000_000) } }';
  const { code, report, lines, rows } = await runWith(odd, "durable: true, payload_ref: auto");
  expect([code, report.status, rows]).toEqual([0, "ok", []]);
  expect(lines.map((line) => line.length)).toEqual([7, 20_000_011, 7]);
  // It stays for its grace period, and a file takes whole blocks of the disk.
  expect(report.blobs.files).toBe(1);
  expect(Math.round(report.blobs.bytes / 10_000)).toBe(2_000);
}, 30_000);

describe("an idempotency key of a webhook", () => {
  test("that is empty or longer than 1,024 bytes gets 400 with the bound, and nothing is kept", async () => {
    using folder = folderWith({ "g.yaml": webhookGraph() });
    await using hook = await startWebhook(folder.folder);
    for (const [key, status] of [
      ["", 400],
      ["k".repeat(10_000), 400],
      ["k".repeat(1_025), 400],
      ["k".repeat(1_024), 202],
    ] as const) {
      const { status: got, text } = await hook.post(1, { "idempotency-key": key });
      expect([key.length, got]).toEqual([key.length, status]);
      if (status === 400) expect(text).toContain(`must be text of 1 to 1024 bytes: it has ${key.length}`);
    }
    const { code, report } = await hook.stop();
    expect([code, report.edges[0].durable.enqueued]).toEqual([0, 1]);
  }, 30_000);

  test("that comes again, also after the delivery and a kill, gets 202 and no second packet", async () => {
    using folder = folderWith({ "g.yaml": webhookGraph() });
    {
      await using hook = await startWebhook(folder.folder);
      for (let time = 0; time < 3; time++) expect((await hook.post(1)).status).toBe(202);
      await until(() => cameOut(folder.folder).length === 1);
      await Bun.sleep(50);
      expect((await hook.post(1)).status).toBe(202);
      await hook.stop();
    }
    await using again = await startWebhook(folder.folder);
    expect((await again.post(1)).status).toBe(202);
    expect((await again.post(2)).status).toBe(202);
    const { report } = await again.stop();
    expect(report.edges[0].durable).toMatchObject({ enqueued: 1, duplicates: 1 });
    expect(cameOut(folder.folder)).toEqual([1, 2]);
  }, 30_000);
});

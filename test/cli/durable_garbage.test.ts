import { expect, test } from "bun:test";
import * as net from "node:net";
import { seededRandom } from "../../src/base/random.ts";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { cameOut, startWebhook, until, webhookGraph } from "../support/webhook.ts";

const random = seededRandom(24);
const below = (bound: number) => Math.floor(random.float() * bound);
const bytes = (length: number) => Buffer.from(Array.from({ length }, () => below(256)));

const VALID =
  'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"i":-1} ';
const HOSTILE = [
  "GET /".padEnd(70_000, "a"),
  "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0x10\r\n\r\n0123456789abcdef",
  "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
  "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\nabcd",
  "POST / HTTP/9.9\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  "\r\n\r\n\r\n\r\n",
  "\0".repeat(1_000),
];

/** A valid request after `changes` bytes of it were changed, left out or doubled. */
function mutated(changes: number): Buffer {
  let request = Buffer.from(VALID);
  for (let change = 0; change < changes; change++) {
    const at = below(request.length);
    const part = [
      bytes(1),
      Buffer.alloc(0),
      Buffer.concat([request.subarray(at, at + 1), request.subarray(at, at + 1)]),
    ];
    request = Buffer.concat([request.subarray(0, at), part[below(3)]!, request.subarray(at + 1)]);
  }
  return request;
}

/** Writes it and goes away, at once or when the other side has said something. */
function throwAt(target: number | string, what: Uint8Array | string): Promise<void> {
  return new Promise((resolve) => {
    const socket = typeof target === "number" ? net.connect(target, "127.0.0.1") : net.connect(target);
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    socket.on("data", () => socket.destroy());
    socket.on("connect", () => socket.write(what, () => setTimeout(() => socket.destroy(), 20)));
  });
}

async function throwAll(target: number | string, volleys: readonly (Uint8Array | string)[]) {
  for (let at = 0; at < volleys.length; at += 50) {
    await Promise.all(volleys.slice(at, at + 50).map((what) => throwAt(target, what)));
  }
}

test("2,000 connections of garbage leave the run as it was: it takes packets, and delivers what it took", async () => {
  using folder = folderWith({ "g.yaml": webhookGraph({ hook: "idle_sec: 2, max_body_bytes: 1000" }) });
  await using hook = await startWebhook(folder.folder);
  await throwAll(hook.port, [
    ...HOSTILE,
    ...Array.from({ length: 1_000 }, () => bytes(1 + below(2_000))),
    ...Array.from({ length: 1_000 }, () => mutated(1 + below(8))),
  ]);
  expect((await hook.post(1)).status).toBe(202);
  await until(() => cameOut(folder.folder).includes(1));
  const { code, report, stderr } = await hook.stop();
  expect([code, report.status, report.edges[0].durable.ready]).toEqual([0, "ok", 0]);
  expect(report.node_metrics.hook.in_flight).toBe(0);
  // Whoever floods the hook does not flood the log.
  expect(stderr.split("\n").length).toBeLessThan(20);
}, 60_000);

test("500 connections of garbage at the control socket leave the run as it was, and commands are answered", async () => {
  using folder = folderWith({ "g.yaml": webhookGraph() });
  await using hook = await startWebhook(folder.folder);
  await throwAll(folder.at("state/yard/control.sock"), [
    ...HOSTILE,
    ...[
      '{"verb":"queue.purge"}\n',
      '{"verb":"status","args":[[[[]]]]}\n',
      '{"verb":"__proto__","args":{}}\n',
      "[]\n",
      "null\n",
    ],
    ...Array.from({ length: 484 }, () => bytes(1 + below(500))),
  ]);
  const listed = await run(["queue", "ls", "yard", "--state-dir", "state", "--json"], { cwd: folder.folder });
  expect([listed.code, JSON.parse(listed.stdout).running]).toEqual([0, hook.program.pid]);
  expect((await hook.post(1)).status).toBe(202);
  expect((await hook.stop()).code).toBe(0);
}, 60_000);

test("a body that is no JSON gets 400 with line and column, and nothing of it is kept", async () => {
  using folder = folderWith({ "g.yaml": webhookGraph({ hook: "max_body_bytes: 100000" }) });
  await using hook = await startWebhook(folder.folder);
  for (const [body, where] of [
    ["{", /line 1, column 2/],
    ['{"i":}', /line 1, column 6/],
    ['{\n  "i": 1,\n}', /line 3, column 1/],
    ["NaN", /line 1/],
    ["'text'", /line 1, column 1/],
    ["", /JSON|empty/],
    ["[".repeat(50_000), /./],
  ] as const) {
    const { status, text } = await hook.postBody(body);
    expect([body.slice(0, 20), status, text]).toEqual([body.slice(0, 20), 400, expect.stringMatching(where)]);
  }
  const { report } = await hook.stop();
  expect([report.edges[0].durable.enqueued, report.status]).toEqual([0, "ok"]);
}, 30_000);

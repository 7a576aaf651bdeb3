import { describe, expect, test } from "bun:test";
import { project } from "./project.ts";

const SAMPLE = "dev_http_event_sink";

interface Got {
  method: string;
  path: string;
  key: string | null;
  type: string | null;
  body: string;
}

/** A backend on a free port, which answers with these statuses, one after the other, and then with the last. */
function backend(...statuses: number[]) {
  const got: Got[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { headers, method, url } = request;
      const { pathname: path } = new URL(url);
      const [key, type] = [headers.get("idempotency-key"), headers.get("content-type")];
      got.push({ method, path, key, type, body: await request.text() });
      return new Response(null, { status: statuses[Math.min(got.length, statuses.length) - 1]! });
    },
  });
  return { got, port: server.port!, [Symbol.asyncDispose]: () => server.stop(true) };
}

/** The sample with its backend at another port, and changes to its config. */
async function runAgainst(port: number, ...changes: [from: string, to: string][]) {
  using old = project();
  let text = old.read(old.sample(SAMPLE)).replace("18080", String(port));
  for (const [from, to] of changes) text = text.replace(from, to);
  old.write("g.yaml", text);
  return await old.run("g.yaml");
}

describe("the predecessor's HttpJsonSink", () => {
  test("posts the payload with its key, spaced as Python does", async () => {
    await using up = backend(200);
    const { code, counts, metrics } = await runAgainst(up.port);
    expect([code, counts]).toEqual([0, "1/1/1"]);
    expect(metrics).toMatchObject({
      "node.post.posted_total": 1,
      "node.post.failed_total": 0,
      "node.post.retry_total": 0,
    });
    expect(up.got).toEqual([
      { method: "POST", path: "/api/events", key: "event:e1", type: "application/json", body: '{"event_id": "e1"}' },
    ]);
  });

  test("tries three times and passes the packet over when nobody listens", async () => {
    const { code, counts, metrics, report } = await runAgainst(1, [
      "retry_backoff_sec: 0.5",
      "retry_backoff_sec: 0.01",
    ]);
    expect([code, counts, report?.status]).toEqual([0, "1/1/1", "ok"]);
    expect(metrics).toMatchObject({
      "node.post.posted_total": 0,
      "node.post.failed_total": 1,
      "node.post.retry_total": 2,
    });
  });

  test("tries again what its list has, and nothing else", async () => {
    await using busy = backend(503, 409, 200);
    expect((await runAgainst(busy.port, ["0.5", "0.01"])).metrics).toMatchObject({
      "node.post.posted_total": 1,
      "node.post.retry_total": 2,
    });
    await using wrong = backend(400);
    expect((await runAgainst(wrong.port)).metrics).toMatchObject({
      "node.post.failed_total": 1,
      "node.post.retry_total": 0,
    });
    expect(wrong.got).toHaveLength(1);
  });
});

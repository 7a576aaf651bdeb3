import { describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import * as v from "valibot";
import { Batch } from "../../../src/nodes/net/batch.ts";
import { httpSink } from "../../../src/nodes/net/http_sink.ts";
import { virtualClock } from "../../support/clock.ts";
import { macrotask } from "../../support/engine.ts";
import { packet } from "../../support/node.ts";
import { BACKEND, failureOf, ok, sink } from "./sink.ts";

const status =
  (code: number, headers: Record<string, string> = {}, body = "") =>
  () =>
    new Response(body, { status: code, headers });
const broken = (code: string) => () => Promise.reject(Object.assign(new Error(`${code}: from Bun`), { code }));

describe("http_sink reads an answer of", () => {
  test.each([200, 201, 202, 204, 299])("%i as taken", async (code) => {
    const { process, node } = sink({}, () => new Response(null, { status: code }));
    await process(packet());
    expect(node.metrics!()).toMatchObject({ posted_total: 1, requests_total: 1 });
  });

  test.each([401, 403, 404, 408, 425, 429, 502, 503, 504])("%i as not now", async (code) => {
    expect(await failureOf(sink({}, status(code)).process(packet()))).toMatchObject({ kind: "unavailable" });
  });

  test.each([400, 402, 405, 409, 410, 413, 422, 451])("%i as never", async (code) => {
    expect(await failureOf(sink({}, status(code)).process(packet()))).toMatchObject({ kind: "rejected" });
  });

  test.each([
    [401, "as long as it does, packets are held: are the credentials right?"],
    [403, "as long as it does, packets are held: are the credentials right, and may they send there?"],
    [404, "as long as it does, packets are held: is the address right?"],
  ])("%i as something to repair at one of the two ends, and says what", async (code, hint) => {
    const { message } = await failureOf(sink({}, status(code, {}, "no")).process(packet()));
    expect(message).toBe(`cannot POST to http://127.0.0.1:8080/in: the server answered ${code}: no; ${hint}`);
  });

  test.each([500, 501, 505, 507])("%i as a try that failed", async (code) => {
    expect(await failureOf(sink({}, status(code)).process(packet()))).toMatchObject({ kind: "failed" });
  });

  test.each([301, 302, 303, 307, 308])("%i as never, naming where it points without its query", async (code) => {
    const answer = status(code, { location: "https://other.example/in?token=geheim" });
    const { kind, message } = await failureOf(sink({}, answer).process(packet()));
    expect(kind).toBe("rejected");
    expect(message).toContain("https://other.example/in");
    expect(message).not.toContain("geheim");
  });

  test.each([
    ["2", 2_000],
    ["0", 0],
    ["Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
    ["Thu, 01 Jan 2025 00:00:00 GMT", 0],
    ["999999999", 3_600_000],
    ["-1", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["2026-01-01", undefined],
    ["", undefined],
  ])("503 with Retry-After %p as %p ms", async (text, ms) => {
    const { retryAfterMs } = await failureOf(sink({}, status(503, { "retry-after": text })).process(packet()));
    expect(retryAfterMs).toBe(ms);
  });

  test("anything, and shows the start of its text on one line", async () => {
    const { message } = await failureOf(
      sink({}, status(400, {}, `no\u001b[31m\n${"x".repeat(999)}`)).process(packet()),
    );
    expect(message).toStartWith("cannot POST to http://127.0.0.1:8080/in: the server answered 400: no [31m xxx");
    expect(message.length).toBeLessThan(350);
  });

  test("any length, and reads max_response_bytes of it at most", async () => {
    let cancelled = false;
    const endless = () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(1_000)),
          cancel() {
            cancelled = true;
          },
        }),
      );
    await sink({ max_response_bytes: 5_000 }, endless).process(packet());
    expect(cancelled).toBe(true);
  });
});

describe("http_sink without an answer", () => {
  test.each([
    ["ECONNREFUSED", "the connection was refused"],
    ["ECONNRESET", "the connection was closed before the whole answer was there"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "the server's certificate is for another name"],
    ["EHOSTUNREACH", "EHOSTUNREACH"],
  ])("is unavailable: %s", async (code, words) => {
    const { kind, message } = await failureOf(
      sink({ url: `${BACKEND}/in?token=geheim` }, broken(code)).process(packet()),
    );
    expect([kind, message]).toEqual(["unavailable", `cannot POST to ${BACKEND}/in: ${words}`]);
  });

  test("is unavailable when the answer breaks off", async () => {
    const half = () => {
      let sent = false;
      return new Response(
        new ReadableStream({
          pull(controller) {
            if (sent) return controller.error(Object.assign(new Error("closed"), { code: "ECONNRESET" }));
            sent = true;
            controller.enqueue(new Uint8Array(5));
          },
        }),
      );
    };
    expect(await failureOf(sink({}, half).process(packet()))).toMatchObject({ kind: "unavailable" });
  });

  test("is unavailable after timeout_ms, whether the head or the rest is missing", async () => {
    const { process, clock } = sink({ timeout_ms: 1_000 }, () => new Promise<Response>(() => {}));
    const failed = failureOf(process(packet()));
    await macrotask();
    clock.advance(1_125);
    expect(await failed).toMatchObject({ kind: "unavailable", message: expect.stringContaining("within 1000 ms") });
  });

  test("leaves no timer once nothing is under way", async () => {
    const { process, clock } = sink({ timeout_ms: 1_000 });
    await process(packet());
    clock.advance(1_000);
    expect(clock.pending).toBe(0);
  });

  test("ends what is under way when it is closed", async () => {
    const { process, node } = sink({}, () => new Promise<Response>(() => {}));
    const failed = failureOf(process(packet()));
    await macrotask();
    await node.close!();
    expect(await failed).toMatchObject({ kind: "unavailable", message: expect.stringContaining("the run has ended") });
  });
});

describe("http_sink sends", () => {
  test("the payload as JSON with its key", async () => {
    const { process, sent } = sink();
    await process(packet({ payload: { a: [1, "ü"] }, meta: { idempotency_key: "yard/17" } }));
    expect(sent).toMatchObject([
      {
        url: `${BACKEND}/in`,
        method: "POST",
        body: '{"a":[1,"ü"]}',
        headers: { "content-type": "application/json", "idempotency-key": "yard/17" },
      },
    ]);
  });

  test("the packet, by another method, without a key, and passes it on", async () => {
    const { process, sent, on } = sink({ body: "packet", method: "PUT", idempotency_header: "", forward: true });
    await process(packet({ payload: 1, meta: { a: 1 } }));
    expect(JSON.parse(sent[0]!.body)).toEqual({ ...packet({ payload: 1, meta: { a: 1 } }) });
    expect(sent[0]).toMatchObject({ method: "PUT" });
    expect(sent[0]!.headers).not.toHaveProperty("idempotency-key");
    const http = { url: `${BACKEND}/in`, method: "PUT", node_id: "node" };
    expect(on("out")).toEqual([packet({ payload: 1, meta: { a: 1, http } })]);
  });

  test("a template, whose values are JSON in JSON and plain elsewhere", async () => {
    const template = '{"text": {{payload.text}}, "at": {{ts}}, "all": {{payload}}, "no": {{payload.none}}}';
    const json = sink({ body: "template", template });
    await json.process(packet({ payload: { text: 'say "x"' } }));
    expect(JSON.parse(json.sent[0]!.body)).toEqual({
      ...{ text: 'say "x"', at: "2026-01-01T00:00:00.000Z", all: { text: 'say "x"' }, no: null },
    });
    const plain = sink({ body: "template", template: "{{payload.text}}|{{payload.none}}", content_type: "text/plain" });
    await plain.process(packet({ payload: { text: 'say "x"' } }));
    expect(plain.sent[0]!.body).toBe('say "x"|');
  });

  test.each([
    ["plain-1.2_~", "plain-1.2_~"],
    ["a key", "a%20key"],
    ["100%", "100%25"],
    ["감지:1", "%EA%B0%90%EC%A7%80:1"],
    ["\ud800", "%EF%BF%BD"],
    ["k".repeat(1_024), "k".repeat(1_024)],
  ])("the key %p as %p", async (key, header) => {
    const { process, sent } = sink();
    await process(packet({ meta: { idempotency_key: key } }));
    expect(sent[0]!.headers["idempotency-key"]).toBe(header);
  });

  test("a key that is too long for a header as its hash, and different ones differently", async () => {
    const { process, sent } = sink();
    for (const end of ["a", "b"]) await process(packet({ meta: { idempotency_key: "k".repeat(1_024) + end } }));
    const [a, b] = sent.map(({ headers }) => headers["idempotency-key"]!);
    expect(a).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(a).not.toBe(b!);
  });

  test("values of an address percent-encoded, so that none leaves its place", async () => {
    const { process, sent } = sink({ url: `${BACKEND}/a/{{payload.id}}/b?q={{payload.q}}` });
    await process(packet({ payload: { id: "../x?y#z/%2e", q: "1&admin=1" } }));
    expect(sent[0]!.url).toBe(`${BACKEND}/a/..%2Fx%3Fy%23z%2F%252e/b?q=1%26admin%3D1`);
    for (const id of ["..", ".", "", null, {}, undefined, "\ud800"]) {
      expect(await failureOf(process(packet({ payload: { id, q: 1 } })))).toMatchObject({ kind: "rejected" });
    }
    expect(sent).toHaveLength(1);
  });

  test("credentials, and shows them nowhere when the server repeats them", async () => {
    const echo = async ({ headers }: Request) => new Response(JSON.stringify([...headers]), { status: 400 });
    const basic = { basic: { user: "yard", password: "geheim-1234" } };
    const headers = { "X-Api-Key": "geheim-5678" };
    for (const auth of [basic, { bearer: "geheim-9012" }]) {
      const { process, sent } = sink({ auth, headers }, echo);
      const { message } = await failureOf(process(packet()));
      expect(sent[0]!.headers.authorization).toMatch(/^(Basic eWFyZDpnZWhlaW0tMTIzNA==|Bearer geheim-9012)$/);
      expect(sent[0]!.headers["x-api-key"]).toBe("geheim-5678");
      expect(message).toContain("***");
      expect(message).not.toMatch(/geheim|eWFyZ/);
    }
  });

  test("long bodies packed when asked to, short ones as they are", async () => {
    const network = sink({ gzip: true });
    const bodies: Buffer[] = [];
    network.network.answer = async (request) => {
      bodies.push(Buffer.from(await request.bytes()));
      return ok();
    };
    await network.process(packet({ payload: "a".repeat(10_000) }));
    await network.process(packet({ payload: "a" }));
    expect(network.sent.map(({ headers }) => headers["content-encoding"])).toEqual(["gzip", undefined]);
    expect(gunzipSync(bodies[0]!).toString()).toBe(JSON.stringify("a".repeat(10_000)));
    expect(bodies[0]!.length).toBeLessThan(100);
  });

  test("no payload that JSON cannot hold", async () => {
    const { process, sent } = sink();
    expect((await failureOf(process(packet({ payload: 1n })))).message).toContain("cannot write payload as JSON");
    expect(sent).toEqual([]);
  });
});

describe("http_sink gathers", () => {
  const batch = { max_packets: 3, max_ms: 50 };
  const posts = (process: (one: ReturnType<typeof packet>) => Promise<void>, ...payloads: unknown[]) =>
    payloads.map((payload) => process(packet({ payload, packet_id: `p${payload}` })));

  test("packets until a batch is full, or old", async () => {
    const { process, sent, clock, node } = sink({ batch });
    const first = posts(process, 1, 2, 3, 4);
    await Promise.all(first.slice(0, 3));
    expect(sent.map(({ body }) => body)).toEqual(["[1,2,3]"]);
    clock.advance(50);
    await first[3];
    expect(sent.map(({ body }) => body)).toEqual(["[1,2,3]", "[4]"]);
    expect(sent[0]!.headers["idempotency-key"]).toMatch(/^batch:[0-9a-f]{64}$/);
    expect(node.metrics!()).toMatchObject({ posted_total: 4, requests_total: 2, splits_total: 0 });
  });

  test("the same packets under the same key, and others under another", async () => {
    const { process, sent } = sink({ batch });
    for (const payloads of [
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 4],
    ])
      await Promise.all(posts(process, ...payloads));
    const [first, same, other] = sent.map(({ headers }) => headers["idempotency-key"]!);
    expect([first === same, first === other]).toEqual([true, false]);
  });

  test("lines where it is told to", async () => {
    const { process, sent } = sink({ batch: { ...batch, format: "ndjson" } });
    await Promise.all(posts(process, 1, 2, 3));
    expect(sent[0]).toMatchObject({ body: "1\n2\n3\n", headers: { "content-type": "application/x-ndjson" } });
  });

  test("and sends halves when a server refuses what it holds, so that the bad one is refused alone", async () => {
    const picky = async (request: Request) =>
      new Response(null, { status: (await request.text()).includes("2") ? 422 : 200 });
    const { process, sent, node } = sink({ batch: { max_packets: 4 } }, picky);
    const settled = await Promise.allSettled(posts(process, 1, 2, 3, 4));
    expect(settled.map(({ status: how }) => how)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect(sent.map(({ body }) => body)).toEqual(["[1,2,3,4]", "[1,2]", "[1]", "[2]", "[3,4]"]);
    expect(node.metrics!()).toMatchObject({ posted_total: 3, splits_total: 2 });
  });

  test.each([503, 500, 401])("and fails with all of them for %i", async (code) => {
    const { process, sent } = sink({ batch }, status(code));
    const settled = await Promise.allSettled(posts(process, 1, 2, 3));
    expect(settled.map(({ status: how }) => how)).toEqual(["rejected", "rejected", "rejected"]);
    expect(sent).toHaveLength(1);
  });

  test("nothing for longer than it lives", async () => {
    const { process, sent, node, clock } = sink({ batch });
    const one = posts(process, 1)[0]!.catch(() => {});
    await node.close!();
    await one;
    expect([sent.length, clock.pending]).toEqual([1, 0]);
  });

  test("and hears of a batch that could not be made", async () => {
    const gathered = new Batch<number>(virtualClock(), { maxItems: 2, maxMs: 1 }, () =>
      Promise.reject(new Error("no")),
    );
    const settled = await Promise.allSettled([gathered.add(1), gathered.add(2)]);
    expect(settled.map(({ status: how }) => how)).toEqual(["rejected", "rejected"]);
  });
});

describe("http_sink with retry", () => {
  const retry = { backoff_ms: 10, on_fail: "pass_over" };

  test("waits longer each time, and counts what it passes over", async () => {
    const { process, sent, clock, node, emitted } = sink({ retry, forward: true }, status(503));
    const done = process(packet());
    await macrotask();
    clock.advance(10);
    await macrotask();
    clock.advance(19);
    await macrotask();
    expect(sent).toHaveLength(2);
    clock.advance(1);
    await done;
    expect([sent.length, emitted]).toEqual([3, []]);
    expect(node.metrics!()).toMatchObject({ posted_total: 0, failed_total: 1, retry_total: 2 });
  });

  test("throws in the end where it is told to, so that no policy begins again", async () => {
    const { process } = sink({ retry: { max_attempts: 1 } }, status(503));
    expect(await failureOf(process(packet()))).toMatchObject({ kind: "rejected" });
  });
});

describe("http_sink's config", () => {
  const faults = (config: Record<string, unknown>) => {
    const parsed = v.safeParse(httpSink.config, { url: `${BACKEND}/in`, ...config });
    return parsed.success ? httpSink.check(parsed.output).map(({ path }) => path.join(".")) : ["schema"];
  };

  test.each([
    ...["ftp://h/", "h/in", "http://", "http://user:geheim@h/", "http://user@h/", "http://{{payload.h}}/in"],
    ...[
      "http://h:{{payload.p}}/",
      "http://h/#top",
      "http://h/{{payload.}}",
      "http://h/{{nope}}",
      "http://h/{{ts",
      "http://[::1/",
    ],
    ...["http://h/{{source_id.x}}"],
  ])("refuses the url %p", (url) => expect(faults({ url })).toEqual(["url"]));

  test.each([
    ...[
      "http://h",
      "https://h:8443/in?x=1",
      "http://[::1]:8080/",
      "http://h/{{payload.a.b}}",
      "http://h/?s={{ source_id }}",
    ],
  ])("takes the url %p", (url) => expect(faults({ url })).toEqual([]));

  test.each([
    [{ body: "template" }, "body"],
    [{ template: "x" }, "template"],
    [{ body: "template", template: "{{nope}}" }, "template"],
    [{ batch: {}, url: "http://h/{{ts}}" }, "batch"],
    [{ batch: {}, body: "template", template: "x" }, "batch"],
    [{ tls: { ca: "x" } }, "tls"],
    [{ url: "https://h/", tls: { cert: "x" } }, "tls"],
    [{ headers: { "a b": "x" } }, "schema"],
    [{ headers: { a: "x\r\nb: y" } }, "schema"],
    [{ egress: { allow: ["10.0.0.0/33"] } }, "schema"],
    [{ egress: { allow: ["http://h/"] } }, "schema"],
  ])("refuses %p", (config, path) => expect(faults(config)).toEqual([path]));
});

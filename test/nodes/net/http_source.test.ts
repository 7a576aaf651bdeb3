import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import * as v from "valibot";
import type { SourceInstance } from "../../../src/node/index.ts";
import { httpSource } from "../../../src/nodes/net/http_source.ts";
import { macrotask } from "../../support/engine.ts";
import { testContext } from "../../support/node.ts";
import { codeOf, failure, messageOf, receiver } from "./receiver.ts";

describe("http_source answers", () => {
  test("202 with the packet's id, and only once the packet is safe", async () => {
    const { send, until, packets, source } = await receiver();
    let answered = false;
    const answer = send('{"celsius":41}', { "idempotency-key": "yard/17" }).finally(() => {
      answered = true;
    });
    await until(1);
    await Promise.resolve();
    expect(answered).toBe(false);
    source.ack!(packets[0]!);
    const response = await answer;
    expect([response.status, await response.json()]).toEqual([202, { packet_id: packets[0]!.packet_id }]);
    expect(packets[0]).toMatchObject({
      kind: "raw",
      source_id: "node",
      payload: { celsius: 41 },
      meta: { idempotency_key: "yard/17" },
    });
  });

  test.each([
    ["unavailable", 503, "UNAVAILABLE", "5"],
    ["rejected", 422, "REJECTED", null],
    ["failed", 500, "FAILED", null],
  ] as const)("a packet that %s with %i", async (kind, status, code, retryAfter) => {
    const { send, until, packets, source } = await receiver();
    const answer = send("1");
    await until(1);
    source.nack!(packets[0]!, "no", failure(kind, "http://10.0.0.1/ is away"));
    const response = await answer;
    expect([response.status, response.headers.get("retry-after")]).toEqual([status, retryAfter]);
    const { code: given, message } = (await response.json()) as { code: string; message: string };
    expect(given).toBe(code);
    expect(message).not.toContain("10.0.0.1");
  });

  test("503 at once when max_in_flight senders wait, and 202 again when one has been answered", async () => {
    const { send, until, packets, source, metrics } = await receiver({ max_in_flight: 2 });
    const waiting = [send("1"), send("2")];
    await until(2);
    const third = await send("3");
    expect([third.status, third.headers.get("retry-after"), await codeOf(third)]).toEqual([503, "1", "FULL"]);
    source.ack!(packets[0]!);
    expect((await waiting[0])!.status).toBe(202);
    const fourth = send("4");
    await until(3);
    for (const packet of packets.slice(1)) source.ack!(packet);
    expect([(await fourth).status, (await waiting[1])!.status]).toEqual([202, 202]);
    expect(metrics()).toMatchObject({ requests_total: 4, accepted_total: 3, refused_total: 1, full_total: 1 });
  });

  test("503 when the bodies under way have as many bytes as are allowed, a claimed length counts", async () => {
    const { send, until, packets, source } = await receiver({ max_body_bytes: 100, max_in_flight_bytes: 150 });
    const first = send(`"${"a".repeat(90)}"`);
    await until(1);
    expect(await codeOf(await send(`"${"b".repeat(90)}"`))).toBe("FULL");
    const small = send("2");
    await until(2);
    for (const packet of packets) source.ack!(packet);
    expect([(await first).status, (await small).status]).toEqual([202, 202]);
  });

  test("503 after ack_timeout_ms, while the packet goes on and keeps its place", async () => {
    const one = await receiver({ ack_timeout_ms: 1_000, max_in_flight: 1 });
    const late = one.send("1");
    await one.until(1);
    one.context.clock.advance(1_000);
    expect(await codeOf(await late)).toBe("TOOK_LONG");
    expect(await codeOf(await one.send("2"))).toBe("FULL");
    one.source.ack!(one.packets[0]!);
    expect((await one.taken("3")).status).toBe(202);
    expect(one.metrics()).toMatchObject({ late_total: 1, in_flight: 0 });
  });

  test("whatever is refused gives its place back", async () => {
    const one = await receiver({ max_in_flight: 1 });
    for (const body of ["{", "nul", '{"a":1}x', ""]) expect((await one.send(body)).status).toBe(400);
    expect((await one.send("1", { "idempotency-key": "" })).status).toBe(400);
    expect((await one.taken("1")).status).toBe(202);
    expect(one.metrics().in_flight).toBe(0);
  });
});

describe("http_source refuses", () => {
  test.each([
    ['{"a":}', 'unexpected "}" at line 1, column 6'],
    ['{\n  "a": 1,\n  "b": tru\n}', 'unexpected "tru\\n}" at line 3, column 8'],
    ["[1, 2", "it ends too early at line 1, column 6"],
    ["[1,]", 'unexpected "]" at line 1, column 4'],
    ["{'a': 1}", `unexpected "'a': 1}" at line 1, column 2`],
    ["1 2", 'unexpected "2" at line 1, column 3'],
    ["NaN", 'unexpected "NaN" at line 1, column 1'],
    ["", "the body is empty"],
  ])("%p and says where it is wrong", async (body, words) => {
    const response = await (await receiver()).send(body);
    expect(response.status).toBe(400);
    expect(await messageOf(response)).toContain(words);
  });

  test("JSON that is nested so deep that nobody could write it again", async () => {
    const { send } = await receiver();
    const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
    expect(await messageOf(await send(deep(100_000)))).toBe("the body is nested more than 256 levels deep");
  });

  test("bytes that are no UTF-8", async () => {
    const response = await (await receiver()).send(new Uint8Array([0x22, 0xff, 0x22]));
    expect([response.status, await codeOf(response)]).toEqual([400, "BAD_TEXT"]);
  });

  test.each([
    ["", "it has 0"],
    ["k".repeat(1_025), "it has 1025"],
    ["k".repeat(10_240), "it has 10240"],
  ])("an idempotency key that is empty or over 1,024 bytes, naming the limit", async (key, words) => {
    const response = await (await receiver()).send("1", { "idempotency-key": key });
    expect(response.status).toBe(400);
    expect(await messageOf(response)).toBe(`the idempotency key must be text of 1 to 1024 bytes: ${words}`);
  });

  test("no idempotency key of 1,024 bytes", async () => {
    expect((await (await receiver()).taken("1", { "idempotency-key": "k".repeat(1_024) })).status).toBe(202);
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json"])(
    "a body of type %s",
    async (type) => {
      const response = await (await receiver()).send("1", { "content-type": type });
      expect([response.status, response.headers.get("accept")]).toEqual([415, "application/json"]);
    },
  );

  test.each(["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/ld+json"])(
    "no JSON of type %s",
    async (type) => expect((await (await receiver()).taken("1", { "content-type": type })).status).toBe(202),
  );

  test("a body over max_body_bytes, whether its length is claimed, comes in chunks or is packed", async () => {
    const { send, taken } = await receiver({ max_body_bytes: 1_000 });
    const long = JSON.stringify("a".repeat(2_000));
    const chunks = () => new Blob([JSON.stringify("a".repeat(1_000))]).stream();
    const endless = () => new ReadableStream({ pull: (c) => c.enqueue(new TextEncoder().encode("a".repeat(300))) });
    for (const response of [
      await send(long),
      await send(chunks()),
      await send(endless()),
      await send(gzipSync(long), { "content-encoding": "gzip" }),
      await send(gzipSync(Buffer.alloc(10_000_000)), { "content-encoding": "gzip" }),
    ]) {
      expect([response.status, response.headers.get("connection")]).toEqual([413, "close"]);
      expect(await messageOf(response)).toContain("over 1000 bytes");
    }
    expect((await taken(gzipSync('"short"'), { "content-encoding": "gzip" })).status).toBe(202);
  });

  test("a body that breaks off, a broken package and an unknown encoding", async () => {
    const { send, metrics } = await receiver();
    const broken = new ReadableStream({ pull: (c) => c.error(new Error("gone")) });
    expect(await codeOf(await send(broken))).toBe("BODY_CUT");
    expect(await codeOf(await send("abc", { "content-encoding": "gzip" }))).toBe("BAD_GZIP");
    expect((await send("abc", { "content-encoding": "br" })).status).toBe(415);
    expect(metrics().in_flight).toBe(0);
  });

  test("another path with 404 and another method with 405", async () => {
    const { send, taken } = await receiver({ path: "/events", methods: ["POST", "PUT"] });
    expect((await send("1")).status).toBe(404);
    expect((await send("1", {}, { path: "/events/more" })).status).toBe(404);
    const patch = await send("1", {}, { path: "/events", method: "PATCH" });
    expect([patch.status, patch.headers.get("allow")]).toEqual([405, "POST, PUT"]);
    expect((await taken("1", {}, { path: "/events?from=yard", method: "PUT" })).status).toBe(202);
  });

  test("who has no token, or a wrong one, before it reads anything else", async () => {
    const { send, taken } = await receiver({ token: "0123456789abcdef", path: "/events" });
    for (const authorization of ["", "Bearer", "Bearer 0123456789abcdeg", "Basic 0123456789abcdef"]) {
      const response = await send("{", authorization === "" ? {} : { authorization });
      expect([response.status, response.headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="schnitzel"']);
    }
    const authorization = "bearer 0123456789abcdef";
    expect((await taken("1", { authorization, origin: "http://page.example" }, { path: "/events" })).status).toBe(202);
  });

  test("pages in a browser, and names that point at loopback, as long as there is no token", async () => {
    const { send, taken } = await receiver();
    expect((await send("1", { origin: "http://127.0.0.1:8088" })).status).toBe(403);
    expect((await send("1", { "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await send("1", { host: "rebound.example:8088" })).status).toBe(421);
    for (const host of ["localhost:8088", "[::1]:8088", "127.0.0.1"])
      expect((await taken("1", { host })).status).toBe(202);
  });
});

describe("http_source reads", () => {
  test("text where it is accepted", async () => {
    const { taken, packets } = await receiver({ accept: ["text"], kind: "note" });
    expect((await taken("grüß dich", { "content-type": "text/plain; charset=utf-8" })).status).toBe(202);
    expect(packets[0]).toMatchObject({ kind: "note", payload: "grüß dich" });
    expect((await taken("1")).status).toBe(415);
  });

  test("the source id from the payload", async () => {
    const { taken, packets, send } = await receiver({ source_id_field: "camera" });
    await taken('{"camera":"cam01"}');
    expect(packets[0]!.source_id).toBe("cam01");
    for (const body of ["{}", '{"camera":7}', "null", '{"camera":""}']) {
      expect(await codeOf(await send(body))).toBe("BAD_SOURCE_ID");
    }
  });

  test("whole packets, whose key a header replaces", async () => {
    const { taken, packets, send } = await receiver({ body: "packet" });
    const packet = {
      packet_id: "p1",
      ts: "2026-01-01T00:00:00Z",
      kind: "event",
      source_id: "yard",
      payload: 4,
      meta: { a: 1 },
    };
    await taken(JSON.stringify(packet));
    await taken(JSON.stringify(packet), { "idempotency-key": "k" });
    expect(packets).toEqual([packet, { ...packet, meta: { a: 1, idempotency_key: "k" } }]);
    for (const change of [{ packet_id: "" }, { ts: 4 }, { meta: [] }, { meta: { idempotency_key: 7 } }]) {
      expect((await send(JSON.stringify({ ...packet, ...change }))).status).toBe(400);
    }
    for (const name of ["packet_id", "ts", "kind", "source_id"]) {
      const refused = await send(JSON.stringify({ ...packet, [name]: "ü".repeat(513) }));
      expect([refused.status, await refused.text()]).toEqual([
        400,
        expect.stringContaining(`its ${name} must be at most 1024 bytes: it has 1026`),
      ]);
    }
  });

  test("a batch only when it is told to, and takes all of it or nothing", async () => {
    const single = await receiver();
    await single.taken("[1,2]");
    expect(single.packets.map(({ payload }) => payload)).toEqual([[1, 2]]);
    const { send, until, packets, source } = await receiver({ batch: true, source_id_field: "id" });
    const answer = send('[{"id":"a"},{"id":"b"}]', { "idempotency-key": "k" });
    await until(2);
    source.ack!(packets[0]!);
    source.nack!(packets[1]!, "no", failure("unavailable"));
    expect((await answer).status).toBe(503);
    expect(packets.map(({ meta }) => meta.idempotency_key)).toEqual(["k/0", "k/1"]);
    expect(await messageOf(await send('[{"id":"a"},{"no":1}]'))).toStartWith("item 1: the payload names no source");
    expect(await codeOf(await send("[]"))).toBe("BAD_BATCH");
    expect(packets).toHaveLength(2);
  });

  test("a batch's ids, in its order; one that can never fit is told so", async () => {
    const { taken, packets, send } = await receiver({ batch: true, max_in_flight: 3 });
    expect(await (await taken("[1,2,3]")).json()).toEqual({ packet_ids: packets.map(({ packet_id }) => packet_id) });
    const tooMany = await send("[1,2,3,4]");
    expect([tooMany.status, await codeOf(tooMany)]).toEqual([413, "BATCH_TOO_BIG"]);
    expect((await taken("[1,2,3]")).status).toBe(202);
  });
});

describe("http_source hands over what was signed", () => {
  test("the body as it came, of whatever content type, with the headers that are asked for", async () => {
    const { taken, packets } = await receiver({ body: "text", headers: ["X-Signature", "X-Absent"] });
    const body = '{ "b":1,  "a":2 }\n';
    expect((await taken(body, { "x-signature": "sha256=00", "x-other": "no" })).status).toBe(202);
    expect(packets[0]).toMatchObject({ payload: body, meta: { headers: { "x-signature": "sha256=00" } } });
    expect(packets[0]!.meta.headers).toEqual({ "x-signature": "sha256=00" });
    expect((await taken("not JSON", { "content-type": "application/x-thing", "ce-id": "1" })).status).toBe(202);
  });

  test("and refuses a header that is too long to keep", async () => {
    const { send } = await receiver({ headers: ["x-signature"] });
    const response = await send("1", { "x-signature": "s".repeat(1_025) });
    expect([response.status, await codeOf(response)]).toEqual([400, "HEADER_TOO_LONG"]);
  });

  test("but no header that holds a secret", () => {
    const config = { listen: "127.0.0.1:0", headers: ["Authorization"] };
    expect(v.safeParse(httpSource.config, config).issues?.[0]?.message).toContain("holds a secret");
  });
});

describe("http_source takes a CloudEvent", () => {
  const event = { specversion: "1.0", id: "17", source: "/yard", type: "alarm", time: "2026-01-01T06:00:00Z" };
  const expected = {
    packet_id: "17",
    source_id: "/yard",
    kind: "alarm",
    ts: "2026-01-01T06:00:00Z",
    payload: { celsius: 41 },
    meta: { idempotency_key: "/yard#17" },
  };

  test("as one JSON value, with further attributes in meta", async () => {
    const { taken, packets } = await receiver();
    const body = JSON.stringify({ ...event, subject: "gate", data: { celsius: 41 } });
    await taken(body, { "content-type": "application/cloudevents+json" });
    expect(packets).toEqual([{ ...expected, meta: { ...expected.meta, cloud_event: { subject: "gate" } } }]);
  });

  test("in headers, its data being the body", async () => {
    const { taken, packets } = await receiver();
    const headers = Object.fromEntries(Object.entries(event).map(([name, value]) => [`ce-${name}`, value]));
    await taken('{"celsius":41}', { ...headers, "ce-source": "/y%61rd" });
    expect(packets).toEqual([expected]);
  });

  test("as a batch, and its bytes as base64", async () => {
    const { taken, packets } = await receiver();
    const body = JSON.stringify([
      { ...event, data: { celsius: 41 } },
      { ...event, id: "18", data_base64: "AAE=" },
    ]);
    const response = await taken(body, { "content-type": "application/cloudevents-batch+json" });
    expect(await response.json()).toEqual({ packet_ids: ["17", "18"] });
    expect(packets[1]!.payload).toEqual({ base64: "AAE=" });
  });

  test.each([
    [{ specversion: "0.3" }, "specversion"],
    [{ id: undefined }, "id must be text"],
    [{ id: "" }, "id must be text"],
    [{ source: 7 }, "source must be text"],
    [{ type: "t".repeat(501) }, "type must be text"],
    [{ time: "yesterday" }, "time must be"],
    [{ data: 1, data_base64: "AA==" }, "both data and data_base64"],
  ])("and refuses one with %p", async (change, words) => {
    const { send } = await receiver();
    const response = await send(JSON.stringify({ ...event, ...change }), {
      "content-type": "application/cloudevents+json",
    });
    expect([response.status, await messageOf(response)]).toEqual([400, expect.stringContaining(words)]);
  });
});

describe("http_source stops", () => {
  test("by refusing what is new, handing back what nobody took, and answering what is under way", async () => {
    const one = await receiver();
    const underWay = one.send("1");
    await one.until(1);
    const untaken = one.send("2");
    const stopped = one.stop();
    expect(await codeOf(await one.send("3"))).toBe("STOPPING");
    one.source.ack!(one.packets[0]!);
    expect((await underWay).status).toBe(202);
    await stopped;
    await one.source.close!();
    expect(await codeOf(await untaken)).toBe("STOPPING");
    expect(one.metrics().in_flight).toBe(0);
    await expect(one.send("4")).rejects.toThrow("Unable to connect");
  });

  test("and hands back what has come and was not taken, without waiting for its end", async () => {
    const context = testContext();
    const config = v.parse(httpSource.config, { listen: "127.0.0.1:8088" });
    const source = httpSource.create(config, context) as SourceInstance;
    const abort = new AbortController();
    const iterator = (source.run(abort.signal) as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    const first = iterator.next();
    await context.network.listening("127.0.0.1:8088");
    const send = () =>
      context.network.request("http://127.0.0.1:8088/", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "1",
      });
    const taken = send();
    await first;
    // Nobody asks for the next one.
    const untaken = send();
    await macrotask();
    abort.abort();
    expect(await codeOf(await untaken)).toBe("STOPPING");
    await source.close!();
    expect(await codeOf(await taken)).toBe("STOPPING");
  });

  test("and answers those whose packets the run left behind", async () => {
    const one = await receiver();
    const left = one.send("1");
    await one.until(1);
    await one.close();
    const response = await left;
    expect([response.status, response.headers.get("retry-after"), await codeOf(response)]).toEqual([
      503,
      "1",
      "STOPPING",
    ]);
    expect(one.context.clock.pending).toBe(0);
  });

  test("and listens again for another run, at the same place", async () => {
    const first = await receiver();
    await first.close();
    expect((await (await receiver()).taken("1")).status).toBe(202);
  });
});

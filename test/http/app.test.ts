import { expect, test } from "bun:test";
import { createApp } from "../../src/http/app.ts";
import type { AppOptions } from "../../src/http/index.ts";
import { createRedactor, type RunSnapshot, runReport } from "../../src/observe/index.ts";
import { virtualClock } from "../support/clock.ts";
import { runSnapshot, troubledRun } from "../support/run.ts";

const TOKEN = "0123456789abcdef0123";

function setup({ run = runSnapshot(), ...options }: Partial<AppOptions> & { run?: RunSnapshot } = {}) {
  const clock = virtualClock();
  const failed: string[] = [];
  const app = createApp({
    snapshot: () => run,
    report: () => runReport(run, clock.nowMs(), createRedactor()),
    clock,
    resources: () => ({ rssBytes: 40e6, cpuSec: 1 }),
    onError: (error, path) => void failed.push(`${path}: ${error.message}`),
    ...options,
  });
  const get = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
    app.request(path, { ...init, headers: { host: "127.0.0.1:7077", ...headers } });
  return { get, clock, failed };
}

async function refusal(answer: Response | Promise<Response>) {
  const response = await answer;
  return [response.status, ((await response.json()) as { code: string }).code];
}

test("/healthz says ok and nothing about the run", async () => {
  const response = await setup().get("/healthz");
  expect([response.status, await response.text()]).toEqual([200, "ok\n"]);
});

test("/readyz is 200 while the run does its work", async () => {
  const response = await setup().get("/readyz");
  expect([response.status, await response.json()]).toEqual([
    200,
    { ready: true, state: "running", status: "ok", reasons: [] },
  ]);
});

test("/readyz is 503 with the reason when packets wait and nothing moves", async () => {
  const { get, clock } = setup({ run: troubledRun() });
  clock.advance(31_000);
  const response = await get("/readyz");
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ ready: false, reasons: [{ code: "STALLED" }] });
});

test("/metrics is Prometheus text", async () => {
  const response = await setup().get("/metrics");
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(await response.text()).toContain('schnitzel_node_produced_packets_total{node="cam"} 10\n');
});

test("/report is the run report, with secrets hidden", async () => {
  const response = await setup({ run: troubledRun() }).get("/report");
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({ status: "degraded", metrics: { "packets.consumed_total": 20 } });
  expect(text).not.toContain("hunter22");
});

test("HEAD gets the status without the body", async () => {
  const response = await setup().get("/readyz", {}, { method: "HEAD" });
  expect([response.status, await response.text()]).toEqual([200, ""]);
});

test("an unknown page is 404 and names the pages there are", async () => {
  const response = await setup().get("/admin");
  expect(response.status).toBe(404);
  expect(await response.json()).toEqual({
    code: "HTTP_NOT_FOUND",
    message: "there is no such page: use one of /healthz, /readyz, /metrics, /report",
  });
});

test("a page refuses to be written", async () => {
  const response = await setup().get("/report", {}, { method: "POST" });
  expect(response.headers.get("allow")).toBe("GET, HEAD");
  expect(await refusal(response)).toEqual([405, "HTTP_METHOD"]);
});

test("a body over a kilobyte is 413, also when its length is not announced", async () => {
  const { get } = setup();
  const body = "x".repeat(2_048);
  const announced = get("/report", { "content-length": "2048" }, { method: "POST", body });
  expect(await refusal(announced)).toEqual([413, "HTTP_BODY"]);
  const streamed = get("/report", {}, { method: "POST", body: new Blob([body]).stream() });
  expect(await refusal(streamed)).toEqual([413, "HTTP_BODY"]);
});

test.each(["127.0.0.1:7077", "localhost:7077", "LOCALHOST", "[::1]:7077"])("Host %s is answered", async (host) => {
  expect((await setup().get("/healthz", { host })).status).toBe(200);
});

test.each(["evil.example", "evil.example:7077", "127.0.0.1.evil.example", "10.0.0.5:7077", ""])(
  "Host %p is refused with 421",
  async (host) => {
    expect(await refusal(setup().get("/healthz", { host }))).toEqual([421, "HTTP_HOST"]);
  },
);

test("a server that other machines reach answers to any address, but not to any name", async () => {
  const { get } = setup({ names: ["edge07"], anyAddress: true });
  expect((await get("/healthz", { host: "10.0.0.5:7077" })).status).toBe(200);
  expect((await get("/healthz", { host: "[fe80::1]:7077" })).status).toBe(200);
  expect((await get("/healthz", { host: "edge07:7077" })).status).toBe(200);
  expect((await get("/healthz", { host: "rebound.example:7077" })).status).toBe(421);
});

test.each<[string, Record<string, string>]>([
  ["another origin", { origin: "https://evil.example" }],
  ["the same name on another port", { origin: "http://127.0.0.1:8080" }],
  ["an opaque origin", { origin: "null" }],
  ["a cross-site fetch", { "sec-fetch-site": "cross-site" }],
  ["a same-site fetch", { "sec-fetch-site": "same-site" }],
])("%s is refused with 403", async (_, headers) => {
  expect(await refusal(setup().get("/report", headers))).toEqual([403, "HTTP_CROSS_SITE"]);
});

test.each<[string, Record<string, string>]>([
  ["its own origin", { origin: "http://127.0.0.1:7077" }],
  ["a same-origin fetch", { "sec-fetch-site": "same-origin" }],
  ["an address typed by a person", { "sec-fetch-site": "none" }],
])("%s passes", async (_, headers) => {
  expect((await setup().get("/report", headers)).status).toBe(200);
});

test.each(["/readyz", "/metrics", "/report", "/admin"])("%s asks for the token when there is one", async (path) => {
  const { get } = setup({ token: TOKEN });
  const response = await get(path);
  expect(response.headers.get("www-authenticate")).toBe('Basic realm="schnitzel", Bearer realm="schnitzel"');
  expect(await refusal(response)).toEqual([401, "HTTP_UNAUTHORIZED"]);
});

test.each(["Bearer wrong-wrong-wrong-wrong", `Bearer ${TOKEN}x`, "Bearer ", `Basic ${TOKEN}`, TOKEN])(
  "authorization %p is not enough",
  async (authorization) => {
    expect((await setup({ token: TOKEN }).get("/report", { authorization })).status).toBe(401);
  },
);

test("the right token opens the pages", async () => {
  const { get } = setup({ token: TOKEN });
  expect((await get("/report", { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
});

test("/healthz needs no token", async () => {
  expect((await setup({ token: TOKEN }).get("/healthz")).status).toBe(200);
});

test("a browser may give the token as the password it asks its user for", async () => {
  const { get } = setup({ token: TOKEN });
  const basic = (text: string) => ({ authorization: `Basic ${btoa(text)}` });
  expect((await get("/report", basic(`anyone:${TOKEN}`))).status).toBe(200);
  for (const wrong of [`${TOKEN}:`, `anyone:${TOKEN}x`, TOKEN]) {
    expect((await get("/report", basic(wrong))).status).toBe(401);
  }
});

test.each(["/healthz", "/admin"])("%s carries the security headers and allows no other origin", async (path) => {
  const { headers } = await setup().get(path);
  expect(headers.get("content-security-policy")).toBe("default-src 'none'; img-src 'self'; frame-ancestors 'none'");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("x-frame-options")).toBe("DENY");
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("strict-transport-security")).toBeNull();
  expect(headers.get("access-control-allow-origin")).toBeNull();
});

test("a page that fails tells the log why, and the client only that", async () => {
  const { get, failed } = setup({
    report: () => {
      throw new Error("secret detail");
    },
  });
  const response = await get("/report");
  const text = await response.text();
  expect([response.status, text.includes("secret detail")]).toEqual([500, false]);
  expect(failed).toEqual(["/report: secret detail"]);
});

test("POST /reload answers 200 or 409 with the outcome, and 405 to who only looks", async () => {
  const outcomes = ["reloaded", "rolled_back"];
  const { get } = setup({ token: TOKEN, reload: async () => ({ outcome: outcomes.shift()! }) });
  const ask = (method: string, headers = {}) => get("/reload", headers, { method });
  expect((await ask("POST")).status).toBe(401);
  const token = { authorization: `Bearer ${TOKEN}` };
  expect((await ask("POST", { ...token, origin: "http://elsewhere" })).status).toBe(403);
  const [first, second] = [await ask("POST", token), await ask("POST", token)];
  expect([first.status, second.status]).toEqual([200, 409]);
  expect(await second.json()).toEqual({ outcome: "rolled_back" });
  expect((await ask("GET", token)).status).toBe(405);
});

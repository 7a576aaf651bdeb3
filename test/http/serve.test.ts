import { expect, test } from "bun:test";
import { connect } from "node:net";
import { parseListen, type ServeOptions, serveHttp } from "../../src/http/index.ts";
import { virtualClock } from "../support/clock.ts";
import { runSnapshot } from "../support/run.ts";

async function serve(options: Partial<ServeOptions> = {}) {
  const served = await serveHttp({
    listen: parseListen("127.0.0.1:0"),
    snapshot: () => runSnapshot(),
    report: () => ({}),
    clock: virtualClock(),
    resources: () => ({ rssBytes: 1, cpuSec: 1 }),
    ...options,
  });
  return { ...served, [Symbol.asyncDispose]: () => served.stop() };
}

/** Sends bytes as they are, since fetch would not let a test choose the Host header. */
function raw(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    socket.on("data", (data) => {
      answer += data;
    });
    socket.on("end", () => resolve(answer));
    socket.on("error", reject);
  });
}

test("serveHttp() takes a free port, says which, and answers there", async () => {
  await using served = await serve();
  expect(served.url).toBe(`http://127.0.0.1:${served.port}`);
  const response = await fetch(`${served.url}/healthz`);
  expect([response.status, await response.text()]).toEqual([200, "ok\n"]);
});

test("serveHttp() refuses a foreign Host over a real socket", async () => {
  await using served = await serve();
  const answer = await raw(served.port, "GET /report HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
  expect(answer).toStartWith("HTTP/1.1 421 ");
});

test("serveHttp() tells that a port is in use and what to do", async () => {
  await using served = await serve();
  const listen = { hostname: "127.0.0.1", port: served.port };
  await expect(serve({ listen })).rejects.toThrow(
    expect.objectContaining({
      code: "HTTP_IN_USE",
      message: `Cannot listen on 127.0.0.1:${served.port} as another program uses that port`,
      hint: expect.stringContaining("port 0"),
    }),
  );
});

test("serveHttp() tells that an address is not this machine's", async () => {
  // 192.0.2.0/24 is set aside for documentation (RFC 5737), so no machine has it.
  await expect(serve({ listen: parseListen("192.0.2.1:7077"), insecure: true })).rejects.toThrow(
    expect.objectContaining({
      code: "HTTP_ADDRESS",
      message: "Cannot listen on 192.0.2.1:7077 as this machine does not have that address",
    }),
  );
});

test("serveHttp() tells that a name does not resolve", async () => {
  const resolve = () => Promise.reject(new Error("getaddrinfo ENOTFOUND edge07"));
  await expect(serve({ listen: parseListen("edge07:7077"), insecure: true, resolve })).rejects.toThrow(
    expect.objectContaining({
      code: "HTTP_ADDRESS",
      message: "Cannot listen on edge07:7077 as getaddrinfo ENOTFOUND edge07",
    }),
  );
});

test("serveHttp() answers to the name it was given", async () => {
  const listen = parseListen("edge07:0");
  await using served = await serve({ listen, insecure: true, resolve: async () => "127.0.0.1" });
  const answer = await raw(served.port, "GET /healthz HTTP/1.1\r\nHost: edge07\r\nConnection: close\r\n\r\n");
  expect(answer).toStartWith("HTTP/1.1 200 ");
});

test.each([
  ["two lengths", "Content-Length: 1\r\nContent-Length: 2\r\n"],
  ["a length and chunks", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"],
])("serveHttp() refuses a request with %s, which proxies read differently", async (_, headers) => {
  await using served = await serve();
  const answer = await raw(
    served.port,
    `GET /report HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}Connection: close\r\n\r\n0\r\n\r\n`,
  );
  expect(answer).toStartWith("HTTP/1.1 400 ");
});

test("serveHttp() does not open to other machines without a token", async () => {
  await expect(serve({ listen: parseListen("0.0.0.0:0") })).rejects.toThrow(
    expect.objectContaining({ code: "HTTP_EXPOSED" }),
  );
});

test("serveHttp() closes its port when stopped", async () => {
  const served = await serve();
  await served.stop();
  await expect(fetch(`${served.url}/healthz`)).rejects.toThrow();
});

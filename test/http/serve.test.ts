import { expect, test } from "bun:test";
import { connect } from "node:net";
import { parseListen, type ServeOptions, serveHttp } from "../../src/http/index.ts";
import { virtualClock } from "../support/clock.ts";
import { runSnapshot } from "../support/run.ts";

function serve(options: Partial<ServeOptions> = {}) {
  const served = serveHttp({
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
  await using served = serve();
  expect(served.url).toBe(`http://127.0.0.1:${served.port}`);
  const response = await fetch(`${served.url}/healthz`);
  expect([response.status, await response.text()]).toEqual([200, "ok\n"]);
});

test("serveHttp() refuses a foreign Host over a real socket", async () => {
  await using served = serve();
  const answer = await raw(served.port, "GET /report HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
  expect(answer).toStartWith("HTTP/1.1 421 ");
});

test("serveHttp() tells that a port is in use and what to do", async () => {
  await using served = serve();
  const listen = { hostname: "127.0.0.1", port: served.port };
  expect(() => serve({ listen })).toThrow(
    expect.objectContaining({
      code: "HTTP_IN_USE",
      message: `Cannot listen on 127.0.0.1:${served.port} as another program uses that port`,
      hint: expect.stringContaining("port 0"),
    }),
  );
});

// 192.0.2.0/24 is set aside for documentation (RFC 5737) and .invalid never resolves (RFC 2606).
test.each(["192.0.2.1:0", "192.0.2.1:7077", "nowhere.invalid:0", "nowhere.invalid:7077"])(
  "serveHttp() tells that %s is not an address of this machine",
  (text) => {
    expect(() => serve({ listen: parseListen(text), insecure: true })).toThrow(
      expect.objectContaining({
        code: "HTTP_ADDRESS",
        message: `Cannot listen on ${text} as this machine does not have that address`,
      }),
    );
  },
);

test("serveHttp() does not open to other machines without a token", () => {
  const listen = parseListen("0.0.0.0:0");
  expect(() => serve({ listen })).toThrow(expect.objectContaining({ code: "HTTP_EXPOSED" }));
});

test("serveHttp() closes its port when stopped", async () => {
  const served = serve();
  await served.stop();
  await expect(fetch(`${served.url}/healthz`)).rejects.toThrow();
});

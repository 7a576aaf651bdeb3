import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as net from "node:net";
import { exchange } from "../../src/cli/exchange.ts";

/** A server on loopback that does with a connection what the test says. */
async function server(serve: (socket: net.Socket) => void) {
  const listening = net.createServer((socket) => {
    socket.on("error", () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const { port } = listening.address() as net.AddressInfo;
  const ask = (send = "hello", timeoutMs = 5_000) => exchange({ hostname: "127.0.0.1", port, send, timeoutMs });
  return { port, ask, [Symbol.dispose]: () => void listening.close() };
}

test("exchange() gives the first piece of the answer, at most 4 KiB of it", async () => {
  using echo = await server((socket) => void socket.on("data", (bytes) => socket.end(bytes)));
  expect(await echo.ask("OPTIONS *")).toBe("OPTIONS *");
  expect((await echo.ask("x".repeat(9_000))).length).toBeLessThanOrEqual(4_096);
});

test("exchange() of nothing only connects", async () => {
  using silent = await server(() => {});
  expect(await silent.ask("")).toBe("");
});

test("exchange() says what kept the answer away", async () => {
  using silent = await server(() => {});
  using rude = await server((socket) => void socket.destroy());
  const { port } = await server(() => {}).then((gone) => {
    gone[Symbol.dispose]();
    return gone;
  });
  const asked = [
    silent.ask("hello", 20),
    rude.ask(),
    exchange({ hostname: "127.0.0.1", port, send: "", timeoutMs: 5_000 }),
  ];
  const [late, closed, refused] = (await Promise.allSettled(asked)).map((one) =>
    String((one as PromiseRejectedResult).reason),
  );
  expect(late).toBe(`Error: 127.0.0.1:${silent.port} did not answer within 20 ms`);
  expect(closed).toMatch(/closed the connection without an answer|cannot connect/);
  expect(refused).toStartWith(`Error: cannot connect to 127.0.0.1:${port}: `);
});

test.if(process.platform === "linux")("exchange() holds nothing of a connection that never came about", async () => {
  await using deaf = await deafServer();
  const open = () => fs.readdirSync("/proc/self/fd").length;
  const before = open();
  const asked = Array.from({ length: 10 }, () =>
    exchange({ hostname: "127.0.0.1", port: deaf.port, send: "", timeoutMs: 50 }),
  );
  const ended = await Promise.allSettled(asked);
  expect(ended.map(({ status }) => status)).toEqual(Array(10).fill("rejected"));
  expect(open()).toBeLessThanOrEqual(before);
});

const DEAF = `require("node:net").createServer().listen(0, "127.0.0.1", function () {
  require("node:fs").writeSync(1, this.address().port + "\\n");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
})`;

/** A port whose line of connections is full: Linux drops what comes then, as a machine that is off does. */
async function deafServer() {
  const child = Bun.spawn([process.execPath, "-e", DEAF], { stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  const port = Number(new TextDecoder().decode(value));
  const line: net.Socket[] = [];
  for (let full = false; !full && line.length < 5_000; ) full = !(await joined(port, line));
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of line) socket.destroy();
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

/** False when the line is full: on loopback a connection takes no time. */
function joined(port: number, line: net.Socket[]): Promise<boolean> {
  const socket = net.connect({ host: "127.0.0.1", port });
  line.push(socket);
  socket.on("error", () => {});
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), 200);
    socket.on("connect", () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

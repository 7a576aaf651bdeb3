import * as net from "node:net";
import type { ExchangeOptions } from "../node/index.ts";

/** What a camera answers to a question fits many times. */
const MAX_ANSWER = 4_096;

/**
 * See `Exchange` of `src/node/processes.ts`.
 *
 * Not by `Bun.connect`: what is still connecting when the time is over cannot be ended there and holds a descriptor for
 * two minutes, and cameras behind a switch that is off are asked every five seconds.
 */
export function exchange({ hostname, port, send, timeoutMs }: ExchangeOptions): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const where = `${hostname}:${port}`;
  const timer = setTimeout(() => reject(new Error(`${where} did not answer within ${timeoutMs} ms`)), timeoutMs);
  const socket = net.connect({ host: hostname, port });
  socket.on("connect", () => void (send === "" ? resolve("") : socket.write(send)));
  socket.on("data", (bytes: Buffer) => resolve(new TextDecoder().decode(bytes.subarray(0, MAX_ANSWER))));
  socket.on("close", () => reject(new Error(`${where} closed the connection without an answer`)));
  socket.on("error", (cause) => reject(new Error(`cannot connect to ${where}: ${cause.message}`, { cause })));
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}

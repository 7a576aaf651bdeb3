import type { ExchangeOptions } from "../node/index.ts";

/** What a camera answers to a question fits many times. */
const MAX_ANSWER = 4_096;

/** See `Exchange` of `src/node/processes.ts`. */
export async function exchange({ hostname, port, send, timeoutMs }: ExchangeOptions): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const where = `${hostname}:${port}`;
  const timer = setTimeout(() => reject(new Error(`${where} did not answer within ${timeoutMs} ms`)), timeoutMs);
  const connecting = Bun.connect({
    hostname,
    port,
    socket: {
      open: (socket) => void (send === "" ? resolve("") : socket.write(send)),
      data: (_, bytes) => resolve(new TextDecoder().decode(bytes.subarray(0, MAX_ANSWER))),
      close: () => reject(new Error(`${where} closed the connection without an answer`)),
      error: (_, error) => reject(error),
    },
  });
  connecting.catch((error) => reject(new Error(`cannot connect to ${where}: ${error.message}`, { cause: error })));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    connecting.then((socket) => socket.terminate()).catch(() => {});
  }
}

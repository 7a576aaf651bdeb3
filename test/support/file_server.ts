/** A server of one file over TCP, as well or as ill as a test wants it. */
export interface FileServer {
  readonly url: string;
  /** First byte asked for, of every request; 0 for the whole. */
  readonly asked: number[];
  /** Closes the connections that wait for it (`cutAfter`). */
  cut(): void;
  [Symbol.dispose](): void;
}

export interface Answer {
  status?: number;
  /** Of the file; the server of a test without ranges gives all of it. */
  body?: Uint8Array;
  headers?: Readonly<Record<string, string>>;
  /** Sends so many bytes of the body, and nothing after them; `cut` then closes the connection, at once for 0 bytes. */
  cutAfter?: number;
  /** Sends the body byte by byte, each when the one before has left. */
  bytewise?: boolean;
}

/** Answers request number `n` (from 0) for the bytes from `from` with what `answer` says. */
export function fileServer(answer: (from: number, n: number) => Answer): FileServer {
  const asked: number[] = [];
  const waiting = new Set<{ end(): void }>();
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, bytes) {
        const from = Number(/range: bytes=(\d+)-/i.exec(bytes.toString())?.[1] ?? 0);
        asked.push(from);
        const given = answer(from, asked.length - 1);
        const { status = 200, body = new Uint8Array(), headers = {}, cutAfter, bytewise } = given;
        const all = { "content-length": String(body.length), connection: "close", ...headers };
        const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
        socket.write(`HTTP/1.1 ${status} ${STATUS[status] ?? ""}\r\n${lines.join("")}\r\n`);
        for (const byte of bytewise ? body : []) {
          socket.write(Uint8Array.of(byte));
          socket.flush();
        }
        if (!bytewise) socket.write(body.subarray(0, cutAfter));
        if (cutAfter) waiting.add(socket);
        else socket.end();
      },
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}/model.onnx`,
    asked,
    cut() {
      for (const socket of waiting) socket.end();
      waiting.clear();
    },
    [Symbol.dispose]: () => server.stop(true),
  };
}

const STATUS: Readonly<Record<number, string>> = { 200: "OK", 206: "Partial Content", 404: "Not Found", 503: "Busy" };

/** The rest of a file from `from`, as a server that knows ranges gives it. */
export const rest = (file: Uint8Array, from: number): Answer =>
  from === 0
    ? { body: file }
    : {
        status: 206,
        body: file.subarray(from),
        headers: { "content-range": `bytes ${from}-${file.length - 1}/${file.length}` },
      };

/** Where an `http_sink` delivers to: away until it is let, and remembers what came. */
export interface SinkServer {
  readonly url: string;
  /** `i` of every payload it said 200 to, in order. */
  readonly taken: number[];
  /** Requests it said 503 to. */
  refused: number;
  /** False: it answers 503. */
  here: boolean;
  [Symbol.asyncDispose](): Promise<void>;
}

export function sinkServer(here = true): SinkServer {
  const made = {
    url: "",
    taken: [] as number[],
    refused: 0,
    here,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { i } = (await request.json()) as { i: number };
      if (!made.here) {
        made.refused += 1;
        return new Response("not now\n", { status: 503 });
      }
      made.taken.push(i);
      return new Response();
    },
  });
  made.url = `http://127.0.0.1:${server.port}/`;
  return made;
}

import * as v from "valibot";
import type { PacketFailure, SourceInstance } from "../../../src/node/index.ts";
import { httpSource } from "../../../src/nodes/net/http_source.ts";
import type { StreamPacket } from "../../../src/packet/index.ts";
import { testContext } from "../../support/node.ts";

const ADDRESS = "127.0.0.1:8088";

/** An http_source that listens on an in-process network, and whose packets wait for the test to settle them. */
export async function receiver(config: Record<string, unknown> = {}) {
  const context = testContext();
  const parsed = v.parse(httpSource.config, { listen: ADDRESS, ...config });
  const source = httpSource.create(parsed, context) as SourceInstance;
  const abort = new AbortController();
  const packets: StreamPacket[] = [];
  let arrived = () => {};
  const running = (async () => {
    for await (const item of source.run(abort.signal)) {
      packets.push(...[item].flat());
      arrived();
    }
  })();
  await context.network.listening(ADDRESS);
  const send = (
    body: string | Uint8Array | ReadableStream,
    headers: Record<string, string> = {},
    init: RequestInit & { path?: string } = {},
  ) => {
    const { path = "/", ...rest } = init;
    return context.network.request(`http://${ADDRESS}${path}`, {
      method: "POST",
      body,
      ...rest,
      headers: { "content-type": "application/json", ...headers },
    });
  };
  const until = async (count: number) => {
    while (packets.length < count) {
      await new Promise<void>((resolve) => {
        arrived = resolve;
      });
    }
  };
  return {
    context,
    source,
    packets,
    send,
    /** Sends, and settles what comes of it as soon as it is there. */
    async taken(...request: Parameters<typeof send>) {
      const before = packets.length;
      const answer = send(...request);
      await Promise.race([answer, until(before + 1)]);
      for (const packet of packets.slice(before)) source.ack!(packet);
      return answer;
    },
    /** Resolves when that many packets have come. */
    until,
    metrics: () => source.metrics!(),
    stop() {
      abort.abort();
      return running;
    },
    async close() {
      abort.abort();
      await running;
      await source.close!();
    },
  };
}

export const failure = (kind: PacketFailure["kind"], message = "no"): PacketFailure => ({
  kind,
  error: new Error(message),
  node: "store",
  port: "in",
});

export const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;
export const messageOf = async (response: Response) => ((await response.json()) as { message: string }).message;

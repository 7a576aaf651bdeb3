import { failureKind } from "../../../src/node/index.ts";
import { httpSink } from "../../../src/nodes/net/http_sink.ts";
import { startNode, testContext } from "../../support/node.ts";

export const BACKEND = "http://127.0.0.1:8080";

/** An http_sink on an in-process network whose backend answers as `answer` says. */
export function sink(
  config: Record<string, unknown> = {},
  answer: (request: Request) => Response | Promise<Response> = ok,
) {
  const context = testContext();
  context.network.answer = answer;
  const started = startNode(httpSink, { url: `${BACKEND}/in`, ...config }, context);
  return { ...started, sent: context.network.sent, network: context.network, clock: context.clock };
}

export const ok = () => new Response('{"ok":true}', { headers: { "content-length": "11" } });

/** What sending failed with. */
export async function failureOf(sending: Promise<void>) {
  const error = (await sending.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )) as (Error & { retryAfterMs?: number }) | undefined;
  if (error === undefined) throw new Error("it was taken");
  return { kind: failureKind(error), message: error.message, retryAfterMs: error.retryAfterMs };
}

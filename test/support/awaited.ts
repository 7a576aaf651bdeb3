import { AckRoot } from "../../src/engine/ack.ts";
import { RootOutcome } from "../../src/engine/outcome.ts";
import type { StreamPacket } from "../../src/packet/index.ts";
import { packet, type TestContext } from "./node.ts";

/** A context in which somebody waits for each packet, and the packets that were asked about, in order. */
export function awaited(context: TestContext) {
  const roots: AckRoot[] = [];
  const ends: string[] = [];
  const settle = ({ packet_id }: StreamPacket, failure: unknown) =>
    void ends.push(`${failure === undefined ? "done" : "failed"} ${packet_id}`);
  const outcome = () => {
    const own = packet({ packet_id: `${roots.length}` });
    const root = new AckRoot(own, settle);
    roots.push(root);
    return new RootOutcome({ root, packet: own, input: "in" }, (thrown) => {
      throw thrown;
    });
  };
  return {
    context: { ...context, outcome },
    ends,
    done: (at: number) => roots[at]!.done(),
    fail: (at: number) => roots[at]!.fail({ kind: "failed", error: new Error("no"), node: undefined, port: undefined }),
  };
}

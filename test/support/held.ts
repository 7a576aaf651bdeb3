import type { Hold } from "../../src/node/index.ts";
import { testContext } from "./node.ts";

type State = "held" | "released" | "failed";

/** A context in which somebody waits for every packet; what a node carries is done when the test says so. */
export function held(context = testContext()) {
  const packets: { state: State; holds: number }[] = [];
  let carried: Hold[] = [];
  const holdOf = (packet: { state: State; holds: number }): Hold => {
    packet.holds += 1;
    let open = true;
    const end = (isFailed: boolean) => {
      if (!open) return;
      open = false;
      packet.holds -= 1;
      if (isFailed) packet.state = "failed";
      else if (packet.holds === 0 && packet.state === "held") packet.state = "released";
    };
    return { share: () => holdOf(packet), release: () => end(false), fail: () => end(true) };
  };
  const hold = (): Hold => {
    const packet = { state: "held" as State, holds: 0 };
    packets.push(packet);
    return holdOf(packet);
  };
  const carry = (holds: Iterable<Hold | undefined>) => {
    for (const each of holds) if (each !== undefined) carried.push(each);
  };
  return {
    context: { ...context, hold, carry },
    holds: {
      /** Of the packets whose hold was asked for, in order. */
      states: () => packets.map(({ state }) => state),
      /** What was emitted so far is done, or failed. */
      finish(error?: Error) {
        const done = carried;
        carried = [];
        for (const each of done) error === undefined ? each.release() : each.fail(error);
      },
    },
  };
}

import type { Hold } from "../../src/node/index.ts";
import { testContext } from "./node.ts";

type State = "held" | "released" | "failed";

/** A context in which somebody waits for every packet; what a node carries is done when the test says so. */
export function held(context = testContext()) {
  const states: State[] = [];
  let carried: Hold[] = [];
  const hold = (): Hold => {
    const at = states.push("held") - 1;
    const end = (state: State) => {
      if (states[at] === "held") states[at] = state;
    };
    return { release: () => end("released"), fail: () => end("failed") };
  };
  const carry = (holds: Iterable<Hold | undefined>) => {
    for (const each of holds) if (each !== undefined) carried.push(each);
  };
  return {
    context: { ...context, hold, carry },
    holds: {
      /** Of the packets whose hold was asked for, in order. */
      states: () => [...states],
      /** What was emitted so far is done, or failed. */
      finish(error?: Error) {
        const done = carried;
        carried = [];
        for (const each of done) error === undefined ? each.release() : each.fail(error);
      },
    },
  };
}

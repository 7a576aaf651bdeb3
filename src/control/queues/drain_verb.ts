import * as v from "valibot";
import { sleep } from "../../base/clock.ts";
import type { Verbs } from "../verb.ts";
import { queuesNamed } from "./named_queue.ts";
import type { QueueVerbOptions } from "./queue_verbs.ts";
import { readArguments } from "./read_arguments.ts";

const schema = v.strictObject({ queue: v.optional(v.string()), timeout_ms: v.optional(v.number()) });

/** How often whoever waits is told what is left. */
const TELL_MS = 500;

/** Waits until the queues are empty. What fills them is not stopped. */
export function drainVerb({ queues, clock }: QueueVerbOptions): Verbs {
  return {
    async "queue.drain"(args, { signal, send }) {
      const { queue, timeout_ms = Number.POSITIVE_INFINITY } = readArguments(schema, args);
      const waiting = queuesNamed(queues(), queue);
      const endMs = clock.monotonicMs() + timeout_ms;
      for (;;) {
        const left = waiting.map(({ name, queue }) => {
          const { ready, leased, dead } = queue.stats();
          return { queue: name, ready, leased, dead };
        });
        const empty = left.every(({ ready, leased }) => ready + leased === 0);
        if (empty || clock.monotonicMs() >= endMs || signal.aborted) return { empty, left };
        await send({ left });
        await sleep(clock, Math.min(TELL_MS, endMs - clock.monotonicMs()), signal);
      }
    },
  };
}

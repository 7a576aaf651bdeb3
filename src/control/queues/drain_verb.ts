import * as v from "valibot";
import { sleep } from "../../base/clock.ts";
import type { Queue } from "../../store/index.ts";
import type { Verbs } from "../verb.ts";
import { type NamedQueue, queuesNamed } from "./named_queue.ts";
import type { QueueVerbOptions } from "./queue_verbs.ts";
import { readArguments } from "./read_arguments.ts";

const schema = v.strictObject({ queue: v.optional(v.string()), timeout_ms: v.optional(v.number()) });

/** How often whoever waits is told what is left. */
const TELL_MS = 500;

/**
 * Waits until everything that waited when it was asked is delivered. What fills the queues is not stopped, so a busy
 * one may never be empty.
 */
export function drainVerb({ queues, clock }: QueueVerbOptions): Verbs {
  return {
    async "queue.drain"(args, { signal, send }) {
      const { queue, timeout_ms = Number.POSITIVE_INFINITY } = readArguments(schema, args);
      const endMs = clock.monotonicMs() + timeout_ms;
      const waiting = await Promise.all(
        queuesNamed(queues(), queue).map(async (named) => ({ named, last: await lastNumber(named.queue) })),
      );
      for (;;) {
        const left = waiting.map(({ named }) => depth(named));
        const drained = (await Promise.all(waiting.map(({ named, last }) => isPast(named.queue, last)))).every(Boolean);
        const empty = left.every(({ ready, leased }) => ready + leased === 0);
        if (drained || clock.monotonicMs() >= endMs || signal.aborted) return { drained, empty, left };
        await send({ left });
        await sleep(clock, Math.min(TELL_MS, endMs - clock.monotonicMs()), signal);
      }
    },
  };
}

function depth({ name, queue }: NamedQueue) {
  const { ready, leased, dead } = queue.stats();
  return { queue: name, ready, leased, dead };
}

/** No row with this number or a lower one is left. */
async function isPast(queue: Queue, last: number): Promise<boolean> {
  const [first] = await queue.scan(0, 1);
  return first === undefined || first.seq > last;
}

/** Calls until the search ends, however fast rows come in meanwhile; 2^53 numbers take some hundred. */
const MAX_CALLS = 128;

/** The number of the last row, found by steps that grow while there is a row behind them and shrink when there is none. */
async function lastNumber(queue: Queue): Promise<number> {
  let last = 0;
  let step = 1;
  let grows = true;
  for (let calls = 0; calls < MAX_CALLS && step >= 1; calls++) {
    const [row] = await queue.scan(last + step - 1, 1);
    grows &&= row !== undefined;
    if (row !== undefined) last = row.seq;
    step = grows ? step * 2 : Math.floor(step / 2);
  }
  return last;
}

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { bareFile, QUEUE_DEFAULTS, type QueueOptions, type QueueRow } from "../../src/store/index.ts";
import type { Operation } from "../../src/store/operation.ts";
import { SqliteQueue } from "../../src/store/sqlite_queue.ts";
import { entries, queueConformance } from "../conformance/queue.ts";
import { virtualClock } from "../support/clock.ts";
import { ModelQueue, modelFile } from "../support/model_queue.ts";
import { modelClient } from "../support/model_transport.ts";

queueConformance("a queue in memory", async (options: Partial<QueueOptions> = {}) => {
  const [file, clock] = [modelFile(), virtualClock()];
  let queue = modelClient(file, clock, options);
  return {
    queue,
    clock,
    async reopen() {
      await queue.close();
      queue = modelClient(file, clock, options);
      return queue;
    },
    async [Symbol.asyncDispose]() {
      await queue.close();
    },
  };
});

/** Time goes in steps longer than acks are remembered together. */
const STEP_MS = 50;
const REMEMBER_MS = 2_000;

type Step = readonly [kind: keyof typeof KINDS | "crash" | "reopen" | "wait", number: number];

interface Held {
  rows: QueueRow[];
}

/** What a step asks for, given what is held. */
const KINDS = {
  enqueue: (number: number): Operation => ({
    op: "enqueue",
    entries: entries(`k${number % 30}`, `k${(number * 7) % 30}`, ...(number % 5 === 0 ? many(number) : [])).map(
      (entry) => ({ ...entry, partition: `p${entry.key.length % 2}${Number(entry.key.slice(1)) % 3}` }),
    ),
  }),
  lease: (number: number): Operation => ({
    op: "lease",
    request: { count: 1 + (number % 6), holder: "worker", leaseMs: STEP_MS * (1 + (number % 9)) },
  }),
  bounded: (number: number): Operation => ({
    op: "lease",
    request: { count: 1 + (number % 6), holder: "worker", leaseMs: 10_000, maxBytes: 1 + (number % 50) },
  }),
  paced: (number: number): Operation => ({
    op: "lease",
    request: {
      ...{ count: 1 + (number % 6), holder: "worker", leaseMs: 10_000 },
      ...{ backlog: number % 4, liveFirst: number % 2 === 0 },
    },
  }),
  ack: (number: number, held: Held): Operation => ({ op: "ack", leases: some(held, number) }),
  release: (number: number, held: Held): Operation => ({ op: "release", leases: some(held, number) }),
  // They stay held.
  clear: (number: number, held: Held): Operation => ({
    op: "clear",
    leases: held.rows.filter((_, at) => (at + number) % 3 !== 0).map(({ seq, attempt }) => ({ seq, attempt })),
  }),
  nack: (number: number, held: Held): Operation => ({
    op: "nack",
    failures: some(held, number).map((row) => ({
      ...{ seq: row.seq, attempt: row.attempt, reason: "no", delayMs: STEP_MS * (number % 5) },
      ...{ counted: number % 3 !== 0, permanent: number % 11 === 0 },
    })),
  }),
  anyone: (number: number): Operation => ({ op: "ack", leases: [{ seq: 1 + (number % 40) }] }),
  purge: (number: number): Operation => ({
    op: "purge",
    which: number % 2 === 0 ? "dead" : "ready",
    seqs: [1 + (number % 40), 1 + ((number * 3) % 40)],
  }),
  revive: (number: number): Operation => ({
    ...{ op: "revive", seqs: [1 + (number % 40), 1 + ((number * 3) % 40)] },
    partition: number % 3 === 0 ? `n${number % 2}.in` : undefined,
  }),
  set_aside: (number: number): Operation => ({
    op: "set_aside",
    letters: entries(`k${number % 10}${number % 4 === 0 ? `@n${number % 2}.in` : ""}`).map((entry) => ({
      ...{
        ...entry,
        payload: `${number % 3}`,
        node: `n${number % 2}`,
        port: "in",
        error: "no",
        stack: "",
        attempts: 1,
      },
      ...{ firstFailedMs: 1, lastFailedMs: 2 },
    })),
  }),
};

const many = (number: number) => Array.from({ length: 20 }, (_, at) => `m${number}-${at}`.replace("-", ""));

/** Takes some of what is held, from either end. */
function some(held: Held, number: number): QueueRow[] {
  return number % 2 === 0 ? held.rows.splice(0, 1 + (number % 3)) : held.rows.splice(-(1 + (number % 3)));
}

/** In order, what a paced lease may give depends on how far the line was looked at; there are tests for that. */
const stepOf = (ordered: boolean): fc.Arbitrary<Step> =>
  fc.tuple(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom("enqueue", "lease", "nack", "ack") },
      { weight: 2, arbitrary: fc.constantFrom("wait", "release", "clear", ordered ? "bounded" : "paced") },
      { weight: 1, arbitrary: fc.constantFrom("anyone", "purge", "revive", "set_aside", "crash", "crash", "reopen") },
    ) as fc.Arbitrary<Step[0]>,
    fc.nat(999),
  );

/** Both queues, on one story. */
class Pair {
  readonly #db = new Database(":memory:", { strict: true });
  readonly #file = modelFile();
  readonly #options: QueueOptions;
  readonly #held: [Held, Held] = [{ rows: [] }, { rows: [] }];
  #nowMs = 1_000_000;
  #real: SqliteQueue;
  #model: ModelQueue;

  constructor(options: Partial<QueueOptions>) {
    this.#options = { ...QUEUE_DEFAULTS, ...options };
    bareFile(this.#db);
    this.#real = this.#open();
    this.#model = new ModelQueue(this.#file, this.#options);
  }

  do([kind, number]: Step) {
    if (kind === "wait") this.#nowMs += STEP_MS * (1 + (number % 8));
    else if (kind === "crash" || kind === "reopen") this.#restart(kind === "reopen");
    else this.#both(kind, number);
    const { ready, leased, dead, bytes, droppedOldest, deadDropped } = this.#model.stats();
    const { waiting, ...totals } = this.#real.totals;
    expect({
      ...{ ready: waiting - this.#real.leased, leased: this.#real.leased, dead: totals.dead, bytes: totals.bytes },
      ...{ droppedOldest: totals.dropped_oldest, deadDropped: totals.dead_dropped },
    }).toEqual({ ready, leased, dead, bytes, droppedOldest, deadDropped });
  }

  verify(): string[] {
    this.#real.begin(this.#nowMs);
    const faults = this.#real.apply({ op: "verify" }) as string[];
    this.#real.commit();
    return faults;
  }

  #both(kind: keyof typeof KINDS, number: number) {
    const [real, model] = this.#held.map((held) => KINDS[kind](number, held)) as [Operation, Operation];
    this.#model.nowMs = this.#nowMs;
    const made = this.#apply(real);
    const wanted = this.#attempt(() => this.#model.apply(model));
    expect(made).toEqual(wanted);
    if (real.op !== "lease") return;
    this.#held[0].rows.push(...(made as QueueRow[]));
    this.#held[1].rows.push(...(wanted as QueueRow[]));
  }

  #apply(operation: Operation): unknown {
    this.#real.begin(this.#nowMs);
    const made = this.#attempt(() => this.#real.apply(operation));
    this.#real.commit();
    return made;
  }

  /** Both say the same of what they refuse. */
  #attempt(run: () => unknown): unknown {
    try {
      return run();
    } catch (error) {
      return (error as { code: string }).code ?? error;
    }
  }

  #restart(orderly: boolean) {
    if (orderly) {
      this.#real.handOver(this.#nowMs);
      this.#model.close();
    }
    this.#real.release();
    this.#real = this.#open();
    this.#model = new ModelQueue(this.#file, this.#options);
  }

  #open = () => new SqliteQueue("q", this.#db, { ...this.#options }, this.#nowMs);
}

const CASES: readonly [what: string, options: Partial<QueueOptions>][] = [
  ["a queue without order", {}],
  ["an ordered queue", { ordered: true }],
  ["a small queue that drops the oldest", { maxBytes: 120, overflow: "drop_oldest", maxDead: 2 }],
  ["a small queue that refuses, in order", { maxBytes: 160, ordered: true, maxDeadBytes: 60 }],
];

test.each(CASES)(
  "%s does what the model does, over random stories with crashes",
  (_what, options) => {
    fc.assert(
      fc.property(
        fc.array(stepOf(options.ordered === true), { minLength: 20, maxLength: 120, size: "max" }),
        (steps) => {
          const pair = new Pair({ maxAttempts: 3, rememberMs: REMEMBER_MS, ...options });
          for (const one of steps) pair.do(one);
          expect(pair.verify()).toEqual([]);
        },
      ),
      { numRuns: 100, seed: 1 },
    );
  },
  60_000,
);

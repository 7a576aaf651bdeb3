import * as v from "valibot";
import { ControlError, type VerbCall, type Verbs } from "../verb.ts";
import { type Address, checkAddresses } from "./address.ts";
import { type Gathered, gather, inSteps, MAX_CHANGED } from "./gather.ts";
import { doubts } from "./look_verbs.ts";
import { DEAD_LETTERS, type NamedQueue, oneQueue, queuesNamed } from "./named_queue.ts";
import type { QueueVerbOptions } from "./queue_verbs.ts";
import { readArguments } from "./read_arguments.ts";
import { type AnyRow, filterShape, isDead, RowMatcher } from "./row_filter.ts";

const changeShape = {
  queue: v.optional(v.string()),
  ...filterShape,
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_CHANGED)), MAX_CHANGED),
  /** False tells what would be changed, and changes nothing. */
  apply: v.optional(v.boolean(), false),
};

const purgeSchema = v.strictObject(changeShape);
const replaySchema = v.strictObject({ ...changeShape, to: v.optional(v.string()) });

/** What changes the rows that pass a filter. */
export function changeVerbs(options: QueueVerbOptions): Verbs {
  return {
    async "queue.purge"(args, { signal }) {
      const { queue, limit, apply, ...filter } = readArguments(purgeSchema, args);
      const matcher = new RowMatcher(filter, options.condition);
      const named = oneQueue(options.queues(), queue);
      const gathered = await gather(named, filter, matcher, limit, { signal });
      const which = filter.dead ? "dead" : "ready";
      const remove = (seqs: readonly number[]) => named.queue.purge(which, seqs);
      const changed = apply ? await inSteps(gathered.seqs, signal, remove) : 0;
      return { applied: apply, queues: [told(gathered, changed)], ...doubts(matcher) };
    },

    "queue.replay": (args, call) => replay(options, args, call),
  };
}

async function replay({ queues, condition, inputs }: QueueVerbOptions, args: unknown, { signal }: VerbCall) {
  const { queue, limit, apply, to, ...given } = readArguments(replaySchema, args);
  const filter = { ...given, dead: true };
  const matcher = new RowMatcher(filter, condition);
  const all: Gathered[] = [];
  const addresses = new Map<string, number>();
  let room = limit;
  // An edge delivers its letters itself, where they were going; those of all nodes have an address that can be changed.
  for (const named of queuesNamed(queues(), to === undefined ? queue : (queue ?? DEAD_LETTERS))) {
    if (to !== undefined && named.name !== DEAD_LETTERS) throw notReaddressed(named.name);
    const look = (row: AnyRow) => {
      if (named.name !== DEAD_LETTERS || !isDead(row)) return;
      const address = `${row.node}.${row.port}`;
      addresses.set(address, (addresses.get(address) ?? 0) + 1);
    };
    const gathered = await gather(named, filter, matcher, room, { signal, look });
    room -= gathered.seqs.length;
    all.push(gathered);
  }
  // Before the first change: half a replay helps nobody.
  const target = checkAddresses(addresses, to, inputs);
  const changes = [];
  for (const gathered of all) {
    const { named, seqs } = gathered;
    changes.push(told(gathered, apply ? await revive(named, seqs, target, signal) : 0));
  }
  return { applied: apply, queues: changes, ...doubts(matcher) };
}

function revive({ queue }: NamedQueue, seqs: readonly number[], to: Address | undefined, signal: AbortSignal) {
  // The name of an input is the partition of its letters.
  const partition = to && `${to.node}.${to.port}`;
  return inSteps(seqs, signal, (step) => queue.revive(step, partition));
}

function notReaddressed(name: string): ControlError {
  const hint = "leave --to out, or move them with export and import";
  return new ControlError(
    "CONTROL_REQUEST",
    `--to is for ${DEAD_LETTERS}; letters of ${name} go back into it: ${hint}`,
  );
}

/** What became of one queue, as it is answered. */
export type Changed = ReturnType<typeof told>;

const told = ({ named, seqs, examples, more }: Gathered, changed: number) => ({
  queue: named.name,
  matched: seqs.length,
  changed,
  more,
  examples,
});

import * as path from "node:path";
import { systemClock } from "../base/clock.ts";
import { callControl, controlOwner, type NamedQueue, queuesNamed, queueVerbs, type Verbs } from "../control/index.ts";
import { openInline, StoreError } from "../store/index.ts";
import type { QueueFile, QueueTarget } from "./queue_target.ts";
import { type LostQueue, lostQueue, refuseUnsound } from "./queue_unsound.ts";
import { whereCondition } from "./queue_where.ts";
import type { Terminal } from "./terminal.ts";

export type OnItem = (item: unknown) => void | Promise<void>;

/** Who carries out verbs: the running process, or this one on files it opened. */
export interface Asker {
  /** The process that runs the graph; undefined when none does. */
  readonly pid: number | undefined;
  /** Files that cannot be opened, left out of the answers; only of a graph that does not run, and asked as a whole. */
  readonly lost: readonly LostQueue[];
  ask<Result>(verb: string, args: object, onItem?: OnItem): Promise<Result>;
}

/**
 * Runs `use` with somebody who answers for the queues of `target`, or only for the one named. One that is damaged is
 * refused, unless `lose` lets a command go on with the others.
 */
export async function withAsker<Result>(
  target: QueueTarget,
  only: string | undefined,
  terminal: Terminal,
  use: (asker: Asker) => Promise<Result>,
  lose = false,
): Promise<Result> {
  const socket = target.dir?.socket;
  const pid = socket === undefined ? undefined : await controlOwner(socket, systemClock);
  if (socket !== undefined && pid !== undefined) return use(remote(socket, pid));
  const opened: NamedQueue[] = [];
  try {
    const named = queuesNamed(target.files, only);
    const lost = lose && target.dir !== undefined ? named.flatMap(lostQueue) : [];
    for (const file of named) if (!lost.some(({ name }) => name === file.name)) opened.push(await open(file, terminal));
    return await use({ ...local(target, opened), lost });
  } catch (error) {
    throw askGraph(target, error);
  } finally {
    for (const { queue } of opened) await queue.close();
  }
}

/** Who has the file is the run of a graph, which answers by the graph's name. */
function askGraph({ graph, name }: QueueTarget, error: unknown): unknown {
  if (graph === undefined || !(error instanceof StoreError && error.code === "QUEUE_BUSY")) return error;
  const ask = `schnitzel queue ls ${graph.name} --state-dir ${path.dirname(graph.dir.path)}`;
  const owner = `the graph ${graph.name} runs and has it; ask the running graph by its name: ${ask}`;
  return new StoreError("QUEUE_BUSY", `cannot open queue ${name}: ${owner}`, { cause: error });
}

function remote(socket: string, pid: number): Asker {
  return {
    pid,
    lost: [],
    ask: async (verb, args, onItem) => {
      const options = { clock: systemClock, ...(onItem === undefined ? {} : { onItem }) };
      return (await callControl(socket, `queue.${verb}`, args, options)) as never;
    },
  };
}

function local({ plan }: QueueTarget, queues: readonly NamedQueue[]): Omit<Asker, "lost"> {
  const inputs = plan === undefined ? undefined : new Map(plan.nodes.map(({ id, inputs }) => [id, inputs]));
  const verbs: Verbs = queueVerbs({ queues: () => queues, clock: systemClock, condition: whereCondition, inputs });
  const { signal } = new AbortController();
  return {
    pid: undefined,
    ask: async (verb, args, onItem) => {
      const send = async (item: unknown) => onItem?.(item);
      return (await verbs[`queue.${verb}`]!(args, { signal, send })) as never;
    },
  };
}

async function open({ name, file }: QueueFile, terminal: Terminal): Promise<NamedQueue> {
  refuseUnsound(file);
  const onEvent = (level: string, message: string) => level !== "info" && terminal.err(`${level}: ${message}\n`);
  // An operator takes out of a queue and looks; what bounds its growth is for the run.
  const unbounded = { maxBytes: Number.MAX_SAFE_INTEGER, minFreeBytes: 0, ballastBytes: 0 };
  return { name, file, queue: await openInline(file, { clock: systemClock, onEvent, ...unbounded }) };
}

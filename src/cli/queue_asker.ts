import { systemClock } from "../base/clock.ts";
import {
  ControlError,
  callControl,
  controlOwner,
  type NamedQueue,
  queuesNamed,
  queueVerbs,
  type Verbs,
} from "../control/index.ts";
import { inspectQueueFile, openInline, StoreError } from "../store/index.ts";
import type { QueueFile, QueueTarget } from "./queue_target.ts";
import { whereCondition } from "./queue_where.ts";
import type { Terminal } from "./terminal.ts";

export type OnItem = (item: unknown) => void | Promise<void>;

/** Who carries out verbs: the running process, or this one on files it opened. */
export interface Asker {
  /** The process that runs the graph; undefined when none does. */
  readonly pid: number | undefined;
  ask<Result>(verb: string, args: object, onItem?: OnItem): Promise<Result>;
}

/** Runs `use` with somebody who answers for the queues of `target`, or only for the one named. */
export async function withAsker<Result>(
  target: QueueTarget,
  only: string | undefined,
  terminal: Terminal,
  use: (asker: Asker) => Promise<Result>,
): Promise<Result> {
  const socket = target.dir?.socket;
  const pid = socket === undefined ? undefined : await controlOwner(socket, systemClock);
  if (socket !== undefined && pid !== undefined) return use(remote(socket, pid));
  const opened: NamedQueue[] = [];
  try {
    for (const file of queuesNamed(target.files, only)) opened.push(await open(file, terminal));
    return await use(local(target, opened));
  } finally {
    for (const { queue } of opened) await queue.close();
  }
}

function remote(socket: string, pid: number): Asker {
  return {
    pid,
    ask: async (verb, args, onItem) => {
      const options = { clock: systemClock, ...(onItem === undefined ? {} : { onItem }) };
      return (await callControl(socket, `queue.${verb}`, args, options)) as never;
    },
  };
}

function local({ plan }: QueueTarget, queues: readonly NamedQueue[]): Asker {
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

/** Looked at first, as opening changes what it meets: a damaged file would be moved aside, which is for its owner to decide. */
function refuseUnsound(file: string) {
  const { state, reason = "" } = inspectQueueFile(file);
  const told = reason.replace(/\s+/g, " ");
  if (state === "damaged") {
    const hint = `schnitzel queue repair ${file} saves what can be read`;
    throw new ControlError("QUEUE_DAMAGED", `queue ${file} is damaged (${told}): nothing was changed; ${hint}`);
  }
  if (state === "foreign") {
    const hint = `the rows of one of the predecessor are copied with schnitzel queue repair ${file} --into NEW.sqlite3`;
    throw new StoreError("QUEUE_FOREIGN", `cannot use ${file} as a queue: ${told}; ${hint}`);
  }
  if (state === "newer") throw new StoreError("QUEUE_NEWER", `cannot open ${file}: ${told}; use a newer schnitzel`);
  if (state === "absent") throw new StoreError("QUEUE_UNOPENABLE", `there is no queue ${file}`);
  if (state === "unreadable")
    throw new StoreError("QUEUE_UNOPENABLE", `cannot open ${file}: ${told}; check who owns it`);
}

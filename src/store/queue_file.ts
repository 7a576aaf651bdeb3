import * as fs from "node:fs";
import * as path from "node:path";
import { StoreError } from "./error.ts";
import { defined, type QueueFileOptions } from "./open_options.ts";
import { PredecessorQueue } from "./predecessor_queue.ts";
import type { Queue } from "./queue.ts";
import { openInWorker } from "./worker_queue.ts";

interface Closing {
  close(): unknown;
}

interface Shared<Kind> {
  queue: Promise<Kind> | Kind;
  users: number;
  /** Settings somebody asked for by name; who shares the file later may add to them and not change them. */
  asked: Map<string, unknown>;
  /** Who has it for himself. */
  owner?: string;
}

/**
 * Queues this process has open, by real path. A file is opened once however many nodes name it, because its lock
 * excludes any second connection, those of the same process included.
 */
const open = new Map<string, Shared<unknown>>();
/** Files that are being closed: who wants one again waits for that. */
const closing = new Map<string, Promise<unknown>>();

/** Opens a queue file, or joins those who have it open. Each caller closes what it got, once. */
export async function openQueue(file: string, options: QueueFileOptions): Promise<Queue> {
  const { clock, onEvent, owner, ...asked } = options;
  const real = realPath(file);
  await closing.get(real);
  refuseOwned(file, open.get(real), owner);
  const shared = share(file, real, { layout: "schnitzel", ...asked }, () =>
    openInWorker(real, { clock, onEvent, ...asked }),
  );
  if (owner !== undefined) shared.owner = owner;
  try {
    const queue = await shared.queue;
    if (shared.users > 1) await queue.limit(defined(asked));
    return handle(real, shared, queue);
  } catch (error) {
    open.delete(real);
    throw error;
  }
}

/** The rows of a durable edge are its own: a node that reads or writes the same file would take them, or be taken for it. */
function refuseOwned(file: string, known: Shared<unknown> | undefined, owner: string | undefined) {
  if (known === undefined || (known.owner === undefined && owner === undefined)) return;
  const other = known.owner ?? "a node of this run";
  throw new StoreError(
    "QUEUE_SHARED",
    `cannot open queue ${file}${owner === undefined ? "" : ` for ${owner}`}: ${other} has it, and the rows of one would go to the other; name another file`,
  );
}

/** Opens a file in the predecessor's layout, as {@link openQueue} does. */
export function openPredecessorQueue(file: string, { clock }: Pick<QueueFileOptions, "clock">): PredecessorQueue {
  const real = realPath(file);
  const shared = share(file, real, { layout: "predecessor" }, () => new PredecessorQueue(real, () => clock.nowMs()));
  return handle(real, shared, shared.queue as PredecessorQueue);
}

function share<Kind>(
  file: string,
  real: string,
  settings: Readonly<Record<string, unknown>>,
  make: () => Promise<Kind> | Kind,
): Shared<Kind> {
  const known = open.get(real) as Shared<Kind> | undefined;
  const asked = new Map(known?.asked);
  for (const [name, value] of Object.entries({ durability: "full", ...defined(settings) })) {
    const before = asked.get(name) ?? value;
    if (before !== value) {
      throw new StoreError(
        "QUEUE_SHARED",
        `cannot open queue ${file} with ${name} ${value}: another node has it open with ${before}; give both the same`,
      );
    }
    asked.set(name, value);
  }
  const shared = known ?? { queue: make(), users: 0, asked };
  shared.asked = asked;
  shared.users += 1;
  open.set(real, shared);
  return shared;
}

/** A queue of the caller's own: the file closes with the last of them. */
function handle<Kind extends object>(real: string, shared: Shared<unknown>, queue: Kind & Closing): Kind {
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    shared.users -= 1;
    if (shared.users > 0) return;
    open.delete(real);
    const done = queue.close();
    if (!(done instanceof Promise)) return;
    const forgotten: Promise<unknown> = done
      .catch(() => {})
      .finally(() => {
        if (closing.get(real) === forgotten) closing.delete(real);
      });
    closing.set(real, forgotten);
    return done;
  };
  const get = (target: Kind, name: string | symbol) => {
    if (name === "close") return close;
    const value = Reflect.get(target, name);
    return typeof value === "function" ? value.bind(target) : value;
  };
  return new Proxy(queue, { get });
}

/** As many links as Linux follows in one path; more are a circle. */
const MAX_LINKS = 40;

/** Two names of one file are one file, also when it is yet to be made; what does not exist is taken as written. */
export function realPath(file: string, links = MAX_LINKS): string {
  const absolute = path.resolve(file);
  if (fs.existsSync(absolute)) return fs.realpathSync(absolute);
  const folder = path.dirname(absolute);
  const target = links > 0 ? linkTarget(absolute) : undefined;
  if (target !== undefined) return realPath(path.resolve(realPath(folder, links), target), links - 1);
  return folder === absolute ? absolute : path.join(realPath(folder, links), path.basename(absolute));
}

function linkTarget(file: string): string | undefined {
  try {
    return fs.readlinkSync(file);
  } catch {
    // No link, or nothing at all.
    return undefined;
  }
}

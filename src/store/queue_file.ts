import * as fs from "node:fs";
import * as path from "node:path";
import type { Clock } from "../base/clock.ts";
import { QUEUE_DEFAULTS } from "./bounds.ts";
import { StoreError } from "./error.ts";
import type { OnEvent } from "./guards.ts";
import { InlineQueue } from "./inline_queue.ts";
import { APPLICATION_ID, MIGRATIONS } from "./layout.ts";
import { closeOwn, openOwn } from "./open.ts";
import { PredecessorQueue } from "./predecessor_queue.ts";
import type { Queue, QueueOptions } from "./queue.ts";
import { queueClock } from "./queue_clock.ts";
import { SqliteQueue } from "./sqlite_queue.ts";

export interface QueueFileOptions extends Partial<QueueOptions> {
  clock: Clock;
  /** Told what an operator should know: a damaged file was moved aside, the disk fails. */
  onEvent: OnEvent;
}

interface Shared<Kind> {
  queue: Kind;
  users: number;
  /** Settings somebody asked for by name; who shares the file later may add to them and not change them. */
  asked: Map<string, unknown>;
}

/**
 * Queues this process has open, by real path. A file is opened once however many nodes name it, because its lock
 * excludes any second connection, those of the same process included.
 */
const open = new Map<string, Shared<unknown>>();

/** Opens a queue file, or joins those who have it open. Each caller closes what it got, once. */
export async function openQueue(file: string, options: QueueFileOptions): Promise<Queue> {
  const { clock, onEvent, ...asked } = options;
  const shared = share(file, { layout: "schnitzel", ...asked }, (real, onClose) => {
    const nowMs = () => clock.nowMs();
    const onDamaged = (message: string) => onEvent("error", message, { path: file });
    const opening = { applicationId: APPLICATION_ID, migrations: MIGRATIONS, nowMs, onDamaged };
    const db = openOwn(real, { ...opening, durability: asked.durability ?? "full" });
    const close = () => {
      closeOwn(db, real);
      onClose();
    };
    const core = new SqliteQueue(db, { ...QUEUE_DEFAULTS, file: real, now: queueClock(clock), onClose: close });
    return { core, inline: new InlineQueue(real, core, clock) };
  });
  shared.queue.core.limit(asked);
  return handle(shared, shared.queue.inline);
}

/** Opens a file in the predecessor's layout, as {@link openQueue} does. */
export function openPredecessorQueue(file: string, { clock }: Pick<QueueFileOptions, "clock">): PredecessorQueue {
  const make = (real: string, onClose: () => void) => new PredecessorQueue(real, () => clock.nowMs(), onClose);
  const shared = share(file, { layout: "predecessor" }, make);
  return handle(shared, shared.queue);
}

function share<Kind>(
  file: string,
  settings: Readonly<Record<string, unknown>>,
  make: (real: string, onClose: () => void) => Kind,
): Shared<Kind> {
  const real = realPath(file);
  const shared = (open.get(real) as Shared<Kind> | undefined) ?? {
    queue: make(real, () => open.delete(real)),
    users: 0,
    asked: new Map(),
  };
  for (const [name, value] of Object.entries({ durability: "full", ...defined(settings) })) {
    const before = shared.asked.get(name) ?? value;
    if (before !== value) {
      throw new StoreError(
        "QUEUE_BUSY",
        `cannot open queue ${file} with ${name} ${value}: another node has it open with ${before}; give both the same`,
      );
    }
    shared.asked.set(name, value);
  }
  open.set(real, shared);
  shared.users += 1;
  return shared;
}

const defined = (settings: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));

/** A queue of the caller's own: the file closes with the last of them. */
function handle<Kind extends { close(): unknown }>(shared: Shared<unknown>, queue: Kind): Kind {
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    shared.users -= 1;
    if (shared.users === 0) return queue.close();
  };
  const get = (target: Kind, name: string | symbol) => {
    if (name === "close") return close;
    const value = Reflect.get(target, name);
    return typeof value === "function" ? value.bind(target) : value;
  };
  return new Proxy(queue, { get });
}

/** Two names of one file are one file; the part that does not exist yet is taken as written. */
function realPath(file: string): string {
  const absolute = path.resolve(file);
  if (fs.existsSync(absolute)) return fs.realpathSync(absolute);
  const folder = path.dirname(absolute);
  return folder === absolute ? absolute : path.join(realPath(folder), path.basename(absolute));
}

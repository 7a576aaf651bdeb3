import * as v from "valibot";
import type { NodeContext } from "../../node/index.ts";
import {
  type EntryCodec,
  entryCodec,
  type OnEvent,
  openPredecessorQueue,
  openQueue,
  type PredecessorQueue,
  predecessorCodec,
  type Queue,
  type QueueOptions,
  type QueueStats,
} from "../../store/index.ts";

/** What the queue nodes share. */
export const queueConfig = {
  path: v.pipe(
    v.string(),
    v.minLength(1),
    v.description("The queue's file; it and its folders are made. Nodes of one graph may share it."),
  ),
  layout: v.pipe(
    v.optional(v.picklist(["schnitzel", "predecessor"]), "schnitzel"),
    v.description(
      "`schnitzel`: our own file, for one process at a time. `predecessor`: a file that the predecessor reads and writes as well.",
    ),
  ),
  meta_key: v.pipe(
    v.optional(v.pipe(v.string(), v.minLength(1)), "durable"),
    v.description("Key in `meta` that says which row a packet is."),
  ),
};

export const durabilityConfig = v.pipe(
  v.optional(v.picklist(["full", "relaxed"]), "full"),
  v.description(
    "`full`: a row is on the disk before the packet counts as done. `relaxed`: the last rows may be lost when power fails.",
  ),
);

export const QUEUE_DOC = `
A file belongs to one process at a time: a second one is refused with \`QUEUE_BUSY\`. Producer and consumer are nodes
of one graph, or run one after the other. A damaged file is moved to \`<path>.corrupt-<time>\` together with its log,
which is logged as an error, and an empty queue takes its place. A file of a newer schnitzel is refused.

\`layout: predecessor\` is what the predecessor's graphs get: its table, which it can go on with. Such a file keeps no
attempts and no dead letters, several processes may share it, and a key is forgotten with its row.`;

interface Options {
  path: string;
  layout: "schnitzel" | "predecessor";
}

/** A queue file and how its rows are written. */
export type QueueAccess = { codec: EntryCodec } & (
  | { layout: "schnitzel"; queue: Queue }
  | { layout: "predecessor"; queue: PredecessorQueue }
);

type Depth = Pick<QueueStats, "ready" | "leased" | "dead">;

/** Rows that are not done. */
export const rowsIn = ({ ready, leased }: Depth) => ready + leased;

/** The file a node names: opened before the run begins, closed with it. */
export class QueueDoor {
  readonly #open: () => Promise<QueueAccess>;
  #opening: Promise<QueueAccess> | undefined;
  #access: QueueAccess | undefined;
  #closed: Depth | undefined;

  constructor(options: Options, context: NodeContext, settings: Partial<QueueOptions> = {}) {
    this.#open = () => openAccess(options, context, settings);
  }

  /** Rejects with a StoreError, which ends the run before it begins. Opens once. */
  access = (): Promise<QueueAccess> => {
    this.#opening ??= this.#open().then((access) => {
      this.#access = access;
      return access;
    });
    return this.#opening;
  };

  /** The depth for a report, which is made after the file is closed. */
  depth(): Depth {
    if (this.#closed !== undefined || this.#access === undefined)
      return this.#closed ?? { ready: 0, leased: 0, dead: 0 };
    const { layout, queue } = this.#access;
    return layout === "schnitzel" ? queue.stats() : queue.depth();
  }

  async close() {
    if (this.#closed !== undefined) return;
    this.#closed = this.depth();
    await this.#access?.queue.close();
    // What was under way is done now; the predecessor's file cannot be asked any more.
    if (this.#access?.layout === "schnitzel") this.#closed = this.#access.queue.stats();
  }
}

async function openAccess(
  { path, layout }: Options,
  { files, clock, log }: NodeContext,
  settings: Partial<QueueOptions>,
): Promise<QueueAccess> {
  const file = files.resolve(path);
  if (layout === "predecessor")
    return { layout, queue: openPredecessorQueue(file, { clock }), codec: predecessorCodec };
  const onEvent: OnEvent = (level, message, fields) => log[level](message, { ...fields, path: file });
  return { layout, queue: await openQueue(file, { clock, onEvent, ...settings }), codec: entryCodec };
}

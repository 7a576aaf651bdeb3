import * as fs from "node:fs";
import * as path from "node:path";
import { type Clock, systemClock } from "../base/clock.ts";
import type { NamedQueue } from "../control/index.ts";
import type { DurableHost, Host } from "../engine/index.ts";
import { linkName } from "../engine/index.ts";
import type { GraphPlan } from "../graph/index.ts";
import type { Spill } from "../node/index.ts";
import type { Log, Redactor } from "../observe/index.ts";
import {
  BlobStore,
  type CheckpointStore,
  openCheckpoints,
  openCheckpointsInline,
  openQueue,
  preflight,
  QUEUE_DEFAULTS,
  type Queue,
  type QueueFileOptions,
  type QueueOptions,
  realPath,
  refuseNewerState,
  restore,
  StoreError,
  spill,
} from "../store/index.ts";
import { KeptLetters } from "./kept_letters.ts";
import { type NextFrom, type NextQueues, nextQueues } from "./next_queues.ts";
import { noteOutsideQueues } from "./outside_queues.ts";
import { NO_HOME } from "./paths.ts";
import { limitsOf } from "./queue_limits.ts";
import { redactedQueue } from "./redacted_queue.ts";
import { queueFileOf, type StateDir, stateDirOf } from "./state_dir.ts";
import type { Terminal } from "./terminal.ts";

/** What a run keeps on disk, open. */
export interface RunState {
  readonly dir: StateDir;
  readonly durable: DurableHost;
  readonly checkpoints: Host["checkpoints"];
  readonly queues: readonly NamedQueue[];
  readonly letters: KeptLetters;
  readonly blobs: BlobStore | undefined;
  next(plan: GraphPlan): Promise<NextQueues>;
  /** Writes what waits and closes every file. */
  close(): Promise<void>;
}

export interface RunStateOptions {
  /** `--state-dir`. */
  base: string | undefined;
  networkDisk: boolean;
  /** `--fresh-state`. */
  fresh?: boolean | undefined;
  log: Log;
  /** For what is told of failures, which stays on the disk. */
  redactor: Redactor;
  terminal: Terminal;
  /** Time of a replay or a test; the machine's without it. */
  clock?: Clock;
  /** The folder goes with the run: what is said of the disk it is on is of no use. */
  scratch?: boolean;
  /** Opens a queue in another way than `openQueue`. */
  openFile?(file: string, options: QueueFileOptions): Promise<Queue>;
}

/**
 * Opens the state directory of a graph and the queues of its durable edges. Undefined when the graph needs none, none
 * was asked for and there is none: a plain run leaves nothing behind. Throws a StoreError.
 */
export async function openRunState(plan: GraphPlan, options: RunStateOptions): Promise<RunState | undefined> {
  const dir = stateDirOf(plan.name, options.base, options.terminal);
  const keeps = plan.nodes.some(({ definition, config }) => definition.keepsState?.(config));
  const persists = plan.cells?.some(({ persist }) => persist);
  const needed = keeps || persists || plan.checkpoint || plan.edges.some(({ durable }) => durable !== undefined);
  if (!needed && options.base === undefined && !fs.existsSync(dir.path)) return undefined;
  if (dir.path.startsWith(`${NO_HOME}/`)) {
    throw new StoreError(
      "QUEUE_UNOPENABLE",
      `cannot keep the state of graph ${plan.name}: this user has no home folder; give --state-dir DIR, or set HOME or XDG_STATE_HOME`,
    );
  }
  // Loaded only here: it brings ffi along.
  const { raiseFileLimit } = await import("./file_limit.ts");
  const { warning } = raiseFileLimit() ?? {};
  if (warning !== undefined) options.log.warn(warning);
  const needBytes = QUEUE_DEFAULTS.minFreeBytes + QUEUE_DEFAULTS.ballastBytes;
  const { networkDisk: dangerouslyAllowNetworkDisk, log } = options;
  const onEvent: QueueFileOptions["onEvent"] = (level, message, fields) => log[level](message, fields);
  if (!options.scratch) preflight(dir.path, { dangerouslyAllowNetworkDisk, needBytes, onEvent });
  return new Opening(plan, dir, options).open();
}

class Opening {
  readonly #plan: GraphPlan;
  readonly #dir: StateDir;
  readonly #options: RunStateOptions;
  readonly #opened: NamedQueue[] = [];
  readonly #onEvent: QueueFileOptions["onEvent"] = (level, ...told) => this.#options.log[level](...told);
  #blobs: BlobStore | undefined;

  constructor(plan: GraphPlan, dir: StateDir, options: RunStateOptions) {
    this.#plan = plan;
    this.#dir = dir;
    this.#options = options;
  }

  get #clock(): Clock {
    return this.#options.clock ?? systemClock;
  }

  async open(): Promise<RunState> {
    this.#refuseShared();
    refuseNewerState(this.#dir.state);
    try {
      this.#blobs = await this.#openBlobs();
      const letters = await this.#openFile("dead_letters", this.#dir.deadLetters, { ordered: true, maxAttempts: 1 });
      const queues = new Map<number, Queue>();
      for (const edge of this.#plan.edges) {
        if (edge.durable === undefined) continue;
        const file = queueFileOf(this.#dir, this.#plan, edge);
        queues.set(edge.index, await this.#openFile(linkName(this.#plan, edge), file, limitsOf(edge.durable)));
      }
      this.#warnOfOrphans();
      this.#noteOutside();
      return this.#state(queues, letters);
    } catch (error) {
      await this.#close();
      throw error;
    }
  }

  /** The graph's own check compares paths as they are written; here links count as what they lead to. */
  #refuseShared() {
    const owners = new Map([[realPath(this.#dir.deadLetters), "dead_letters"]]);
    for (const edge of this.#plan.edges) {
      if (edge.durable === undefined) continue;
      const [name, file] = [linkName(this.#plan, edge), queueFileOf(this.#dir, this.#plan, edge)];
      const owner = owners.get(realPath(file));
      owners.set(realPath(file), name);
      if (owner === undefined) continue;
      throw new StoreError(
        "QUEUE_SHARED",
        `cannot keep ${name} in ${file}: ${owner} has that file, and the rows of one would go to the other; leave path out, then each edge has a file of its own, or name another`,
      );
    }
  }

  #state(queues: ReadonlyMap<number, Queue>, deadLetters: Queue): RunState {
    const { log } = this.#options;
    const letters = new KeptLetters(deadLetters, { clock: this.#clock, log });
    return {
      dir: this.#dir,
      durable: { queues, letters: deadLetters, spills: this.#spills() },
      checkpoints: { open: () => this.#openCheckpoints(), fresh: this.#options.fresh ?? false },
      queues: this.#opened,
      letters,
      blobs: this.#blobs,
      next: (plan) => nextQueues(plan, this.#nextOf(deadLetters)),
      close: async () => {
        await letters.close();
        await this.#close();
      },
    };
  }

  #nextOf(letters: Queue): NextFrom {
    return {
      opened: this.#opened,
      letters,
      fileOf: (plan, edge) => queueFileOf(this.#dir, plan, edge),
      open: (name, file, edge) => this.#openFile(name, file, limitsOf(edge.durable!)),
      spills: (plan) => (this.#blobs === undefined ? new Map() : this.#spills(plan)),
    };
  }

  async #openFile(name: string, file: string, limits: Partial<QueueOptions>): Promise<Queue> {
    const { log, redactor, networkDisk: allowNetworkDisk } = this.#options;
    const onEvent: QueueFileOptions["onEvent"] = (level, message, fields) =>
      log[level](message, { queue: name, ...fields });
    const { openFile = openQueue } = this.#options;
    const opened = await openFile(file, { clock: this.#clock, onEvent, allowNetworkDisk, owner: name, ...limits });
    const queue = redactedQueue((await this.#blobs?.watch(opened)) ?? opened, redactor);
    this.#opened.push({ name, file, queue });
    return queue;
  }

  /** The engine does so when a node has a state to keep, and closes it. */
  async #openCheckpoints(): Promise<CheckpointStore> {
    const { networkDisk: allowNetworkDisk, clock = systemClock, openFile } = this.#options;
    // In virtual time a disk must not take any.
    const open = openFile === undefined ? openCheckpoints : openCheckpointsInline;
    return open(this.#dir.state, { clock, onEvent: this.#onEvent, allowNetworkDisk });
  }

  async #close() {
    await this.#blobs?.close();
    await Promise.all(this.#opened.map(({ queue }) => queue.close()));
  }

  /** Only where something may go into it: its watch looks at every row. */
  async #openBlobs(): Promise<BlobStore | undefined> {
    const { nodes, edges } = this.#plan;
    const spills = edges.some(({ payloadRefOver }) => payloadRefOver !== undefined);
    const keeps = nodes.some(({ definition, config }) => definition.keepsState?.(config));
    if (!spills && !keeps && !fs.existsSync(this.#dir.blobs)) return undefined;
    return new BlobStore(this.#dir.blobs, { clock: this.#clock, onEvent: this.#onEvent });
  }

  #spills(plan = this.#plan): ReadonlyMap<number, Spill> {
    const edges = plan.edges.filter(({ payloadRefOver }) => payloadRefOver !== undefined);
    return new Map(edges.map(({ index, payloadRefOver }) => [index, this.#spillOver(payloadRefOver!)]));
  }

  #spillOver(overBytes: number): Spill {
    const blobs = this.#blobs!;
    return {
      spill: (packet) => spill(packet, { overBytes }, blobs),
      restore: (packet) => restore(packet, blobs),
    };
  }

  /** For whoever asks by the graph's name when it does not run any more; a run does not end for want of it. */
  #noteOutside() {
    const { edges } = this.#plan;
    const outside = edges
      .filter(({ durable }) => durable?.path !== undefined)
      .map((edge) => ({ name: linkName(this.#plan, edge), file: queueFileOf(this.#dir, this.#plan, edge) }));
    try {
      noteOutsideQueues(this.#dir, outside);
    } catch (error) {
      this.#options.log.warn("cannot note which queues are outside of the state directory: name them by their files", {
        ...{ dir: this.#dir.path, error: (error as Error).message },
      });
    }
  }

  /** Rows of an edge that the graph had once wait for ever, so they are named. */
  #warnOfOrphans() {
    const mine = new Set(this.#opened.map(({ file }) => file));
    const files = fs.existsSync(this.#dir.queues) ? fs.readdirSync(this.#dir.queues) : [];
    for (const name of files.filter((file) => file.endsWith(".sqlite3"))) {
      const file = path.join(this.#dir.queues, name);
      if (mine.has(file)) continue;
      this.#options.log.warn("a queue belongs to no edge of the graph any more and is left alone", {
        ...{ file, next: `schnitzel queue ls ${file}` },
      });
    }
  }
}

import { Database } from "bun:sqlite";
import type { DurableOptions } from "../../src/graph/plan.ts";
import type { Refusal } from "../../src/store/guards.ts";
import type { Mark } from "../../src/store/high_water.ts";
import { QUEUE_DEFAULTS, type QueueOptions } from "../../src/store/index.ts";
import { APPLICATION_ID, MIGRATIONS } from "../../src/store/layout.ts";
import { migrate } from "../../src/store/migrate.ts";
import { QueueClient } from "../../src/store/queue_client.ts";
import { queueClock } from "../../src/store/queue_clock.ts";
import { QueueHost } from "../../src/store/queue_host.ts";
import type { Box } from "./box.ts";
import type { Life } from "./life.ts";
import { type Look, look } from "./look.ts";
import type { ShapeEdge } from "./shape.ts";
import { type CommitFate, SimDatabase } from "./sim_database.ts";
import { type Ground, openSimFile } from "./sim_file.ts";
import { SimTransport } from "./sim_transport.ts";
import { during } from "./weather.ts";

/** Commits back that a file may lose its end to. */
const MAX_HISTORY = 6;

interface Image {
  readonly bytes: Uint8Array;
  /** The last number given in it. */
  readonly seq: number;
}

/** The disk under one queue file: what of it outlives the process. */
export class Disk implements Ground {
  mark: Mark = { seq: 0, lost: 0, version: 0 };
  /** Numbers that went with the end of the file, as they truly are. */
  torn = 0;
  /** The program died while it looked at what is missing, so it may not have counted it. */
  uncounted = false;
  readonly #box: Box;
  readonly #edge: ShapeEdge;
  #life: Life | undefined;
  #db: SimDatabase | undefined;
  #opening = false;
  #now: Uint8Array | undefined;
  /** What was on the disk at the last commits, the last at the end; kept only where an end may be lost. */
  #history: Image[] = [];
  #ballast = true;

  constructor(box: Box, edge: ShapeEdge) {
    this.#box = box;
    this.#edge = edge;
  }

  /** The queue on the file as it is. Throws when it cannot be opened, or the process dies meanwhile. */
  open(life: Life): { client: QueueClient; transport: SimTransport } {
    this.#life = life;
    this.#opening = true;
    this.#box.ledger.book(this.#edge).opened(this.#edge.durable!);
    const now = queueClock(life.clock);
    const file = `edge${this.#edge.index}`;
    const host = new QueueHost(file, openSimFile(this, 0), optionsOf(this.#edge.durable!), now());
    this.#opening = false;
    const transport = new SimTransport(life, this.#edge, host, this);
    return { client: new QueueClient(file, transport, life.clock, host.stats, now), transport };
  }

  /** What is in the file when nothing runs, and what is wrong with it. */
  look(): Look {
    this.#life = undefined;
    return look(new QueueHost("look", openSimFile(this, 0), optionsOf(this.#edge.durable!), 0));
  }

  database(): SimDatabase {
    const life = this.#life;
    const fate = () => this.#fate(life);
    this.#now ??= emptyFile();
    this.#db = new SimDatabase(this.#now, fate, () => life?.die(`at a commit of ${this.#edge.index}`));
    return this.#db;
  }

  note(change: Partial<Mark>) {
    if (this.#life?.alive !== false) this.mark = { ...this.mark, ...change };
  }

  /** The process is gone: a transaction it had begun is not there, and perhaps not even the last ones. */
  crashed() {
    const db = this.#db;
    if (db === undefined) return;
    if (this.#opening && this.torn > this.mark.lost) this.uncounted = true;
    if (db.inTransaction) db.run("ROLLBACK");
    this.#now = db.serialize();
    if (this.#history.length > 1 && this.#box.net.maybe(this.#tornTail)) this.#tear();
    this.#history = [];
  }

  /** Frees what a dead process left. */
  bury() {
    this.#db?.close();
    this.#db = undefined;
  }

  closed(db: SimDatabase) {
    if (this.#life?.alive === false) return;
    this.#now = db.serialize();
    this.#history = [];
    this.bury();
  }

  refusal(): Refusal | undefined {
    if (!this.#full) this.#ballast = true;
    return this.#full ? "disk" : undefined;
  }

  giveUpBallast() {
    this.#ballast = false;
  }

  alarm(missing: number) {
    this.#box.note(`alarm: ${missing} numbers are missing at the end of ${this.#edge.index}`);
  }

  /** Told of each number that is given, for what a torn end takes along. */
  committed(seq: number) {
    if (this.#tornTail === 0 || this.#db === undefined || this.#life?.alive === false) return;
    this.#history.push({ bytes: this.#db.serialize(), seq });
    if (this.#history.length > MAX_HISTORY) this.#history.shift();
  }

  get #tornTail(): number {
    return this.#edge.durable!.durability === "relaxed" || this.#box.weather.tornTail > 0
      ? Math.max(0.2, this.#box.weather.tornTail)
      : 0;
  }

  get #full(): boolean {
    const { weather, clock, healed } = this.#box;
    return !healed && during(weather.fullDisk, clock.nowMs);
  }

  #tear() {
    const kept = this.#box.net.one(this.#history);
    this.#now = kept.bytes;
    this.torn += this.mark.seq - kept.seq;
    this.#box.ledger.tornOff(this.#edge, kept.seq);
    this.#box.note(`the end of ${this.#edge.index} is gone: ${this.mark.seq} back to ${kept.seq}`);
  }

  #fate(life: Life | undefined): CommitFate {
    const { net, weather, healed } = this.#box;
    if (life === undefined) return "done";
    if (!life.alive) return "dies_before";
    if (this.#box.crashesNow()) return net.maybe(0.5) ? "dies_before" : "dies_after";
    if (healed) return "done";
    // Where a file is opened the program gives the ballast up by itself.
    if (this.#full && this.#opening) this.#ballast = false;
    if (this.#full && this.#ballast) return "full";
    if (!net.maybe(weather.badCommits)) return "done";
    return net.maybe(0.5) ? "refused" : "indeterminate";
  }
}

let empty: Uint8Array | undefined;

/** An empty queue file, made once. Small pages, since it is copied often. */
function emptyFile(): Uint8Array {
  if (empty !== undefined) return empty;
  using db = new Database(":memory:", { strict: true });
  db.run("PRAGMA page_size = 512");
  migrate(db, "simulated", APPLICATION_ID, MIGRATIONS);
  empty = db.serialize();
  return empty;
}

/** As the command line opens it; what stands around a file is the simulation's. */
function optionsOf(durable: DurableOptions): QueueOptions {
  return {
    ...QUEUE_DEFAULTS,
    durability: durable.durability,
    ordered: durable.ordered,
    maxAttempts: durable.max_attempts,
    rememberMs: durable.remember_ms,
    maxBytes: durable.max_bytes,
    maxDelayMs: durable.backoff_max_ms,
    maxAgeMs: durable.max_age_ms,
    overflow: durable.overflow === "drop_oldest" ? "drop_oldest" : "refuse",
    minFreeBytes: 0,
    ballastBytes: 0,
  };
}

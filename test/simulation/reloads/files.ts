import { CheckpointHost } from "../../../src/store/checkpoint_host.ts";
import { CHECKPOINT_FILE } from "../../../src/store/checkpoint_layout.ts";
import type { Mark } from "../../../src/store/high_water.ts";
import { type CheckpointStore, QUEUE_DEFAULTS, type QueueOptions, type QueueRow } from "../../../src/store/index.ts";
import type { Answer, Asked, Operation } from "../../../src/store/operation.ts";
import { QueueClient } from "../../../src/store/queue_client.ts";
import { queueClock } from "../../../src/store/queue_clock.ts";
import { QueueHost, type Round } from "../../../src/store/queue_host.ts";
import { type Look, look } from "../look.ts";
import { type CommitFate, SimDatabase } from "../sim_database.ts";
import { type Ground, openSimFile, type SimLayout } from "../sim_file.ts";
import type { YardLife } from "./life.ts";
import type { YardBox } from "./yard.ts";

/** What of a file outlives the process. Its disk is good: what goes wrong here is the process. */
export class YardFile implements Ground {
  mark: Mark = { seq: 0, lost: 0, version: 0 };
  readonly #yard: YardBox;
  readonly #name: string;
  #life: YardLife | undefined;
  #db: SimDatabase | undefined;
  #image: Uint8Array | undefined;

  constructor(yard: YardBox, name: string) {
    this.#yard = yard;
    this.#name = name;
  }

  queue(life: YardLife): QueueClient {
    this.#life = life;
    const now = queueClock(life.clock);
    const host = new QueueHost(this.#name, openSimFile(this, 0), OPTIONS, now());
    const round = (asked: readonly Asked[], nowMs: number) => {
      return life.thread.run(() => this.#told(asked, host.round(asked, nowMs)));
    };
    const close = () => life.thread.run(() => host.close(now()));
    return new QueueClient(this.#name, { round, close }, life.clock, host.stats, now);
  }

  states(life: YardLife): CheckpointStore {
    this.#life = life;
    const host = new CheckpointHost(this.#name, openSimFile(this, 0, CHECKPOINT_FILE as SimLayout), this.mark.lost);
    const run = <Result>(what: string, work: () => Result) => {
      this.#note(what);
      return life.thread.run(work);
    };
    return {
      file: this.#name,
      loss: host.loss,
      read: () => run("read", () => host.read()),
      commit: (checkpoint) => run("commit", () => host.commit(checkpoint)),
      forgetDone: () => run("forget", () => host.forgetDone()),
      bytes: () => 0,
      close: () => run("close", () => host.close()),
    };
  }

  /** What is in a queue when nothing runs. */
  look(): Look {
    this.#life = undefined;
    return look(new QueueHost("look", openSimFile(this, 0), OPTIONS, 0));
  }

  database(): SimDatabase {
    const life = this.#life;
    this.#db = new SimDatabase(
      this.#image,
      () => this.#fate(life),
      () => life?.die(`at a commit of ${this.#name}`),
    );
    return this.#db;
  }

  note(change: Partial<Mark>) {
    if (this.#life?.alive !== false) this.mark = { ...this.mark, ...change };
  }

  /** The process is gone, and with it a transaction it had begun. */
  crashed() {
    const db = this.#db;
    if (db === undefined) return;
    if (db.inTransaction) db.run("ROLLBACK");
    this.#image = db.serialize();
  }

  bury() {
    this.#db?.close();
    this.#db = undefined;
  }

  closed(db: SimDatabase) {
    if (this.#life?.alive === false) return;
    this.#image = db.serialize();
    this.bury();
  }

  refusal() {
    return undefined;
  }

  giveUpBallast() {}

  alarm(missing: number) {
    this.#yard.judge.violated(`I1: ${missing} numbers are missing at the end of ${this.#name}`);
  }

  #told(asked: readonly Asked[], round: Round): Round {
    for (const { operation } of asked) this.#note(told(operation));
    for (const answer of round.answers) this.#note(`-> ${answer.id} ${leased(answer)}`);
    return round;
  }

  #note(what: string) {
    this.#yard.note(`${this.#name} ${what}`);
  }

  #fate(life: YardLife | undefined): CommitFate {
    if (life === undefined) return "done";
    if (!life.alive) return "dies_before";
    if (!this.#yard.crashesNow()) return "done";
    return this.#yard.net.maybe(0.5) ? "dies_before" : "dies_after";
  }
}

function told(operation: Operation): string {
  const { op } = operation;
  if (op === "enqueue") return `${op} ${operation.entries.map(({ key }) => key).join(" ")}`;
  if (op === "ack" || op === "release") return `${op} ${operation.leases.map(({ seq }) => seq).join(" ")}`;
  if (op !== "nack") return op;
  return `${op} ${operation.failures.map(({ seq, reason }) => `${seq} (${reason})`).join(" ")}`;
}

/** Rows that are handed out now. */
function leased(answer: Answer): string {
  if (!("value" in answer)) return `${answer.error}`;
  if (answer.name !== "lease") return `${answer.name}`;
  return `lease ${(answer.value as QueueRow[]).map(({ seq, attempt }) => `${seq}/${attempt}`).join(" ")}`;
}

const OPTIONS: QueueOptions = {
  ...QUEUE_DEFAULTS,
  ordered: true,
  maxAttempts: 60,
  maxDelayMs: 1_000,
  minFreeBytes: 0,
  ballastBytes: 0,
};

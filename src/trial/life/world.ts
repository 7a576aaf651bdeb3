import type { Clock } from "../../base/clock.ts";
import { type VirtualClock, virtualClock } from "../../base/virtual_clock.ts";
import type { Host } from "../../engine/index.ts";
import type { GraphPlan } from "../../graph/index.ts";
import type { DeadLetter } from "../../observe/index.ts";
import type { StreamPacket } from "../../packet/index.ts";
import type { TestCase } from "../script/shape.ts";
import { CannedNetwork } from "./canned_network.ts";
import { Captures } from "./captures.ts";

/** What a test takes from the machine it runs on. */
export interface Machine {
  /** The wall's clock: how long a case may take. */
  readonly clock: Clock;
  /** Milliseconds on it that a case may take; {@link MAX_CASE_MS} unless given. */
  readonly maxCaseMs?: number;
  /** Where folders of cases are made; in memory where there is room unless given. */
  readonly scratch?: string;
  /** Tells a watchdog which node holds the thread. */
  readonly heart?: Int32Array;
  /** For a case with `allow_real`, and for models. */
  readonly real: Pick<Host, "fetch" | "resolve" | "serve" | "spawn" | "exchange" | "ffmpeg" | "inference">;
  /** Opens the queues and blobs of a graph below `dir`, such that they can die. */
  openState(plan: GraphPlan, options: StateOptions): Promise<OpenState>;
}

export interface StateOptions {
  readonly dir: string;
  readonly clock: Clock;
  /** While true no row is taken. */
  full(): boolean;
}

export interface OpenState {
  readonly host: Pick<Host, "durable" | "blobs" | "checkpoints">;
  close(): Promise<void>;
  /** As kill -9: what was committed stays, no call comes back. */
  die(): void;
}

/** When the wall clock of a test starts unless it says so: a date that a person recognises. */
const START_MS = Date.UTC(2026, 0, 1);

/** What of a case outlives a crash of its graph: time, disk, network, and what was seen. */
export class World {
  readonly clock: VirtualClock;
  readonly captures: Captures;
  readonly network: CannedNetwork;
  readonly stdout: string[] = [];
  readonly letters: DeadLetter[] = [];
  /** Packets that sources sent, by source. */
  readonly sent: { node: string; packet: StreamPacket }[] = [];
  readonly given: TestCase;
  /** Folder for all that is written. */
  readonly folder: string;
  #written = 0;

  constructor(given: TestCase, folder: string) {
    this.given = given;
    this.folder = folder;
    this.clock = virtualClock(given.clock?.start ?? START_MS);
    const nowMs = () => this.clock.monotonicMs();
    this.captures = new Captures(nowMs);
    const answers = Array.isArray(given.network) ? given.network : [];
    this.network = new CannedNetwork(answers, { down: (node) => this.isDown(node), nowMs });
    this.#jumps();
  }

  /** Time that the sources stay open, as the clock's steps say. */
  get openMs(): number {
    return (this.given.clock?.steps ?? []).reduce((sum, step) => sum + ("advance" in step ? step.advance : 0), 0);
  }

  isDown(node: string): boolean {
    const nowMs = this.clock.monotonicMs();
    return [this.given.faults?.sink_down ?? []]
      .flat()
      .some((one) => one.node === node && nowMs >= one.from && nowMs < one.to);
  }

  /** The disk takes nothing more, now. */
  isFull(bytes = 0): boolean {
    const full = this.given.faults?.disk_full_after;
    if (full === undefined) return false;
    const nowMs = this.clock.monotonicMs();
    if (full.until !== undefined && nowMs >= full.until) return false;
    const byTime = full.time !== undefined && nowMs >= full.time;
    return byTime || (full.bytes !== undefined && this.#written + bytes > full.bytes);
  }

  /** It is full, and stays so. */
  get isFullForGood(): boolean {
    return this.given.faults?.disk_full_after?.until === undefined && this.isFull();
  }

  /** Throws what the system says when nothing more fits. */
  readonly beforeWrite = (bytes: number) => {
    if (this.isFull(bytes)) {
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
    }
    this.#written += bytes;
  };

  #jumps() {
    let atMs = 0;
    for (const step of this.given.clock?.steps ?? []) {
      if ("advance" in step) atMs += step.advance;
      else this.clock.setTimer(() => this.clock.jump(step.jump), atMs);
    }
  }
}

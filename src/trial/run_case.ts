import * as fs from "node:fs";
import * as path from "node:path";
import { sleep } from "../base/clock.ts";
import { toError } from "../base/to_error.ts";
import type { GraphPlan, PlanEdge } from "../graph/index.ts";
import { createRedactor, type RunSnapshot, runReport } from "../observe/index.ts";
import type { StreamPacket } from "../packet/index.ts";
import type { Moment } from "./conductor.ts";
import { type Passed, passedIn } from "./coverage.ts";
import { checkOutcome } from "./expect/check.ts";
import type { Failure, Outcome } from "./expect/outcome.ts";
import { type Snapshots, writeSnapshots } from "./expect/snapshot.ts";
import { type Death, Life } from "./life/life.ts";
import { type Machine, World } from "./life/world.ts";
import { scratchFolder } from "./scratch.ts";
import { schemaOf } from "./script/check_case.ts";
import { givenMoments } from "./script/moments.ts";
import type { ReadCase } from "./script/read_test_file.ts";

/** Seconds on the wall that a case may take: virtual time costs nothing, so more means that something hangs. */
export const MAX_CASE_MS = 60_000;

export interface CaseResult {
  readonly name: string;
  readonly failures: readonly Failure[];
  /** On the wall. */
  readonly tookMs: number;
  /** Undefined when it could not be run. */
  readonly passed: Passed | undefined;
  /** Snapshot files that were written. */
  readonly updated: readonly string[];
}

/** Runs a case and compares what came with what it expects. Never rejects. */
export async function runCase(
  read: ReadCase,
  machine: Machine,
  { folder: beside, update }: Pick<Snapshots, "folder" | "update">,
): Promise<CaseResult> {
  const snapshots: Snapshots = { folder: beside, update, changed: [] };
  const startedMs = machine.clock.monotonicMs();
  const failures: Failure[] = [];
  const fail = (at: readonly (string | number)[], message: string) => {
    failures.push({ place: read.place(at), message: at.length > 1 ? `${at.slice(1).join(".")}: ${message}` : message });
  };
  const folder = scratchFolder(machine.scratch);
  let passed: Passed | undefined;
  let updated: string[] = [];
  try {
    const outcome = await new Case(read, machine, snapshots, folder).run((message) => fail(["name"], message));
    passed = outcome && passedIn(outcome.plan, outcome.captures);
    const checks = { snapshots, schema: (written: unknown) => schemaOf(written, snapshots.folder) };
    const underExpect = (at: readonly (string | number)[], message: string) => fail(["expect", ...at], message);
    if (outcome !== undefined) checkOutcome(read.test.expect, outcome, checks, underExpect);
    if (failures.length === 0) updated = writeSnapshots(snapshots);
    for (const { file } of failures.length === 0 ? [] : snapshots.changed)
      underExpect([], `snapshot ${file} is not written, as the case does not hold: mend that, then --update again`);
  } catch (thrown) {
    fail(["name"], `the case could not be run: ${toError(thrown).message}`);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  return { name: read.test.name, failures, tookMs: machine.clock.monotonicMs() - startedMs, passed, updated };
}

class Case {
  readonly #read: ReadCase;
  readonly #machine: Machine;
  readonly #folder: string;
  readonly #snapshots: Snapshots;
  readonly #plan: GraphPlan;
  readonly #world: World;
  #life: Life | undefined;

  constructor(read: ReadCase, machine: Machine, snapshots: Snapshots, folder: string) {
    this.#read = read;
    this.#machine = machine;
    this.#snapshots = snapshots;
    this.#folder = folder;
    this.#plan = { ...read.plan, edges: read.plan.edges.map(inStateFolder) };
    this.#world = new World(read.test, folder);
  }

  /** Undefined when it did not come to an end; `fail` has heard why. */
  async run(fail: (message: string) => void): Promise<Outcome | undefined> {
    const { clock, maxCaseMs = MAX_CASE_MS } = this.#machine;
    const over = new AbortController();
    const late = sleep(clock, maxCaseMs, over.signal).then(() => {
      if (!over.signal.aborted) this.#life?.kill();
      return "late" as const;
    });
    const ended = await Promise.race([this.#lives(fail), late]);
    over.abort();
    if (ended !== "late") return ended && this.#outcome(ended);
    fail(`it was not done after ${maxCaseMs / 1_000} s: ${this.#life?.waiting() ?? "nothing ran"}`);
    return undefined;
  }

  /** One process after the other, as often as the case kills them. */
  async #lives(fail: (message: string) => void): Promise<RunSnapshot | undefined> {
    const crashes = [this.#read.test.faults?.crash_after ?? []].flat();
    let moments: Iterable<Moment, void> = this.#moments();
    for (let number = 1; ; number++) {
      const crash = crashes[number - 1];
      const death: Death = { packets: crash?.packets, timeMs: crash?.time };
      const life = new Life(this.#world, this.#machine, this.#plan, moments, { number, death, sources: this.#sources });
      this.#life = life;
      const ended = await life.run();
      if (ended !== undefined) {
        if (crash !== undefined) fail(`faults.crash_after: the run had ended before its crash ${number} came`);
        return ended;
      }
      if (life.wasKilledFromOutside) return undefined;
      this.#world.clock.advance(crash?.down ?? 0);
      // Whoever sent them waits for an answer, and sends again what had none.
      moments = [...life.conductor.unacked.values(), ...life.conductor.left()];
    }
  }

  get #sources(): string[] {
    const { given = {}, recording, allow_real } = this.#read.test;
    const all = this.#plan.nodes.filter(({ definition }) => definition.kind === "source").map(({ id }) => id);
    return allow_real && recording === undefined ? all.filter((id) => given[id] !== undefined) : all;
  }

  *#moments(): Generator<Moment, void> {
    const given = givenMoments(this.#read.test, this.#snapshots.folder);
    let lastMs = 0;
    for (const { atMs, node, fields } of given) {
      let made: StreamPacket | undefined;
      const packet = () => {
        made ??= this.#life!.make(node, fields);
        return made;
      };
      lastMs = atMs;
      yield { atMs, node, packet };
    }
    const { openMs } = this.#world;
    for (const node of this.#sources) yield { atMs: Math.max(lastMs, openMs), node };
  }

  #outcome(ended: RunSnapshot): Outcome {
    const { captures, letters, network, stdout, clock } = this.#world;
    return {
      ...{ plan: this.#plan, captures, letters, requests: network.requests, stdout: stdout.join("") },
      report: runReport(ended, clock.nowMs(), createRedactor(this.#read.secrets)),
      file: (name) => {
        const at = path.join(this.#folder, "files", path.resolve(this.#plan.baseDir, name));
        return fs.existsSync(at) ? fs.readFileSync(at, "utf8") : undefined;
      },
    };
  }
}

/** A queue that the graph keeps elsewhere is in the folder of the test, too. */
function inStateFolder(edge: PlanEdge): PlanEdge {
  if (edge.durable?.path === undefined) return edge;
  const { path: _, ...durable } = edge.durable;
  return { ...edge, durable };
}

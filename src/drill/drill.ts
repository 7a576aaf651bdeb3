import * as fs from "node:fs";
import * as path from "node:path";
import { seededRandom } from "../base/random.ts";
import type { Fault } from "./fault.ts";
import { readKept } from "./kept.ts";
import { makeFolder, removeFolder, removeLeftovers } from "./mounts.ts";
import { type Place, plainPlace } from "./place.ts";
import { ProgramFailed } from "./program.ts";
import { type DrillResult, type FaultResult, isBroken, isCounted, type Outcome } from "./result.ts";
import type { DrillOptions } from "./settings.ts";
import { Stage } from "./stage.ts";
import { spreadOf, upperBound95 } from "./statistics.ts";

/** Injects one fault after the other, each into a graph of its own with empty state. */
export async function drill(options: DrillOptions): Promise<DrillResult> {
  const { clock, faults, progress, seed, signal, target } = options;
  const startMs = clock.monotonicMs();
  const startedAt = new Date(clock.nowMs()).toISOString();
  for (const folder of await removeLeftovers()) progress(`removed ${folder}, left by a drill that was killed`);
  if (!target.comparesPayloads) await tried(options);
  const results: Outcome[] = [];
  for (const fault of faults) {
    if (signal.aborted) break;
    progress(`${fault.name}: ${fault.what}`);
    // A seed per fault: one that is left out does not change the others.
    results.push(await injected(fault, options, seed + faultNumber(fault.name)));
  }
  return { graph: target.name, seed, startedAt, seconds: (clock.monotonicMs() - startMs) / 1_000, faults: results };
}

/** The graph is not one whose losses can be counted; nothing was broken yet. */
export class CannotDrill extends Error {
  override readonly name = "CannotDrill";
}

/** A graph that drops or merges packets on purpose cannot be told from one that loses them. */
async function tried(options: DrillOptions) {
  options.progress("trial: some packets without a fault");
  const trial = await injected(CALM, { ...options, packets: TRIAL_PACKETS, keep: undefined }, options.seed);
  if (!isCounted(trial)) throw new CannotDrill(isBroken(trial) ? trial.broken : trial.skipped);
  const { acknowledged, delivered, dead, waiting } = trial;
  if (delivered >= acknowledged) return;
  throw new CannotDrill(
    `cannot drill ${options.target.name} as without any fault it delivered ${delivered} of ${acknowledged} packets to its http_sink (${dead} became dead letters, ${waiting} wait): a graph under drill must deliver each packet it takes`,
  );
}

const TRIAL_PACKETS = 200;
const CALM: Fault = {
  name: "calm",
  what: "no fault",
  cannot: () => undefined,
  prepare: plainPlace,
  inject: async () => {},
};

const faultNumber = (name: string) => Number(Bun.hash.crc32(name));

async function injected(fault: Fault, options: DrillOptions, seed: number): Promise<Outcome> {
  const { name, what } = fault;
  const cannot = fault.cannot(options.machine);
  if (cannot !== undefined) return { fault: name, what, skipped: cannot };
  const folder = makeFolder();
  try {
    const place = await prepared(fault, folder, options);
    if (typeof place === "string") return { fault: name, what, skipped: place };
    try {
      return await staged(fault, place, new Stage(options, place, seededRandom(seed), name));
    } finally {
      keep(place, name, options.keep);
    }
  } catch (error) {
    // The other faults have their say all the same.
    return { fault: name, what, broken: (error as Error).message };
  } finally {
    await removeFolder(folder);
  }
}

/** In a container root is not always allowed to mount, which only trying tells. */
async function prepared(fault: Fault, folder: string, { machine }: DrillOptions): Promise<Place | string> {
  try {
    return await fault.prepare(folder, machine);
  } catch (error) {
    if (error instanceof ProgramFailed) return error.message;
    throw error;
  }
}

async function staged(fault: Fault, place: Place, stage: Stage): Promise<FaultResult> {
  try {
    await stage.open();
    await fault.inject(stage, place);
    await stage.reaches(stage.options.packets);
    await stage.settle();
    return await booked(fault, stage);
  } finally {
    await stage.close();
  }
}

async function booked({ name, what, buriesNone, destroys }: Fault, stage: Stage): Promise<FaultResult> {
  const { child, load, place, recorder } = stage;
  const kept = await readKept(place.state);
  const account = recorder.ledger.account(kept);
  // Damage that was told explains a loss only where the fault itself destroys data.
  const told = destroys === true ? Math.min(account.lost, kept.told) : 0;
  return {
    ...account,
    fault: name,
    what,
    rounds: stage.rounds,
    seconds: stage.seconds,
    comparesPayloads: stage.options.target.comparesPayloads,
    buriesNone: buriesNone === true,
    told,
    bound95: upperBound95(account.lost - told, account.acknowledged),
    firstDeliveryMs: spreadOf(stage.firstDeliveryMs),
    recoveryMs: spreadOf(stage.recoveryMs),
    caughtUpMs: spreadOf(stage.caughtUpMs),
    answers: Object.fromEntries(load.answers),
    deaths: child.deaths,
    findings: destroys === true ? [] : kept.findings,
    remarks: stage.remarks,
    series: recorder.timeline.series(),
  };
}

/** What the process said and what its state directory holds, for whoever wants to see how something was lost. */
function keep(place: Place, name: string, into: string | undefined) {
  if (into === undefined) return;
  const target = path.join(into, name);
  fs.mkdirSync(target, { recursive: true });
  if (fs.existsSync(place.state))
    fs.cpSync(place.state, path.join(target, "state"), { recursive: true, filter: isKept });
  fs.cpSync(path.join(place.folder, `${name}.log`), path.join(target, "run.log"));
}

/** A socket, which a killed process leaves behind, cannot be copied. */
const isKept = (file: string) => !fs.statSync(file).isSocket();

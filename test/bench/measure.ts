import * as os from "node:os";
import * as path from "node:path";
import { binary, ROOT } from "../support/binary.ts";

export const BENCH = path.join(ROOT, "test/bench");

/** One line of `RESULTS.md`. */
export interface Row {
  what: string;
  /** What was measured, with units. */
  figure: string;
  /** What it was compared with, in the same run. */
  beside: string;
  /** ours : theirs by throughput, or theirs : ours by time, so that more is better. */
  ratio?: number;
  /** What the ratio, or the figure, should reach. */
  reach?: string;
  ok?: boolean;
  command: string;
}

export interface Timed {
  ms: number;
  /** Processor time, that of its children included. */
  cpuMs: number;
  /** Peak resident memory. */
  rssBytes: number;
  stdout: string;
}

/** Runs a command to its end; throws when it fails. Wall time of the whole process. */
export function time(command: readonly string[], env: Record<string, string> = {}): Timed {
  const startMs = performance.now();
  const ran = Bun.spawnSync([...command], { cwd: BENCH, env: { ...process.env, ...env }, stderr: "pipe" });
  const ms = performance.now() - startMs;
  if (!ran.success) throw new Error(`${command.join(" ")} failed with ${ran.exitCode}:\n${ran.stderr}`);
  const { maxRSS: rssBytes, cpuTime } = ran.resourceUsage;
  return { ms, cpuMs: Number(cpuTime.total) / 1_000, rssBytes, stdout: ran.stdout.toString() };
}

/**
 * Times commands in turn, round by round, so that noise of the machine meets all of them alike.
 * Gives the runs of each command, in the order given.
 */
export function rounds(count: number, commands: readonly (() => Timed)[]): Timed[][] {
  const runs: Timed[][] = commands.map(() => []);
  for (let round = 0; round < count; round++) for (const [at, command] of commands.entries()) runs[at]!.push(command());
  return runs;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median of `theirs / ours` over the rounds: above 1 is faster than they are. */
export function speedRatio(ours: readonly Timed[], theirs: readonly Timed[]): number {
  return median(ours.map((run, round) => theirs[round]!.ms / run.ms));
}

export const schnitzel = (...args: string[]) => [binary(), ...args];
export const bun = (script: string, ...args: string[]) => [
  process.execPath,
  path.join(BENCH, "baselines", script),
  ...args,
];

export const millions = (count: number, runs: readonly Timed[]) =>
  `${(count / median(runs.map(({ ms }) => ms)) / 1_000).toFixed(2)} M/s`;
export const milliseconds = (runs: readonly Timed[]) => `${median(runs.map(({ ms }) => ms)).toFixed(1)} ms`;
export const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MB`;

/** Kind of machine, without its name. */
export function machine(): string {
  const cpus = os.cpus();
  return `${process.platform}-${process.arch}, ${cpus.length} × ${cpus[0]?.model.trim() ?? "?"}, ${megabytes(os.totalmem())}`;
}

/** Flags that a value follows. */
const WITH_VALUE = ["--repeats", "--out"];

/** The value behind a flag of `bun run bench`; undefined when it is left out. */
export function flagValue(flag: string): string | undefined {
  const at = process.argv.indexOf(flag);
  return at === -1 ? undefined : process.argv[at + 1];
}

/** What stands on the command line besides flags and their values. */
export const words = () =>
  process.argv.slice(2).filter((word, at, all) => !word.startsWith("--") && !WITH_VALUE.includes(all[at - 1] ?? ""));

import * as fs from "node:fs";
import * as path from "node:path";
import { checkApi, declaredApi, HERE } from "./api_version.ts";
import { checkImports } from "./imports.ts";
import { formatLock, LOCK_FILE, type LockEntry, readLock } from "./lock.ts";
import { listPlugins, pluginIdOf, readPlugin } from "./plugin_file.ts";
import { type ProbeOptions, probe } from "./probe.ts";
import type { ProbedNode } from "./probe_child.ts";
import { asResolution } from "./refusal.ts";

/** What stands against a plugin, as the loader would say it. */
export interface Fault {
  code: string;
  message: string;
  hint?: string;
}

export interface LockChange {
  id: string;
  file: string;
  what: "added" | "changed" | "removed" | "unchanged";
  sha256?: string;
  was?: string;
}

export interface LockResult {
  file: string;
  changes: readonly LockChange[];
  faults: readonly Fault[];
  written: boolean;
  /** True when the lock says what stands in the folder, be it since now. */
  current: boolean;
}

/**
 * Pins every plugin of a folder to its bytes. Nothing of them runs: locking is what a person does after reading.
 * With a fault in one, or with `check`, nothing is written.
 */
export function lockFolder(dir: string, { check = false } = {}): LockResult {
  const faults: Fault[] = [];
  const before = attempt(faults, () => readLock(dir)) ?? new Map<string, LockEntry>();
  const entries = listPlugins(dir).flatMap(({ id, file }) => attempt(faults, () => pin(dir, id, file)) ?? []);
  for (const id of doubles(entries)) faults.push(doubled(id, dir));
  const changes = compare(before, entries);
  const file = path.join(dir, LOCK_FILE);
  const stale = !fs.existsSync(file) || changes.some(({ what }) => what !== "unchanged");
  const written = !check && faults.length === 0 && stale;
  if (written) writeLock(file, formatLock(entries));
  return { file, changes, faults, written, current: written || !stale };
}

function pin(dir: string, id: string, file: string): LockEntry {
  const source = readPlugin(dir, id, file);
  const api = declaredApi(source.text) ?? HERE;
  checkApi(id, api);
  checkImports(source);
  return { id, file, sha256: source.sha256, api };
}

const doubles = (entries: readonly LockEntry[]) => [
  ...new Set(entries.map(({ id }) => id).filter((id, i, ids) => ids.indexOf(id) !== i)),
];

const doubled = (id: string, dir: string): Fault => ({
  code: "PLUGIN_LOAD_FAILED",
  message: `Cannot lock plugin "${id}" as more than one file in ${dir} could be it`,
  hint: "remove all but one",
});

function compare(before: ReadonlyMap<string, LockEntry>, entries: readonly LockEntry[]): LockChange[] {
  const kept = new Set(entries.map(({ id }) => id));
  const removed = [...before.values()]
    .filter(({ id }) => !kept.has(id))
    .map(({ id, file, sha256 }): LockChange => ({ id, file, what: "removed", was: sha256 }));
  return [...entries.map((entry) => change(before.get(entry.id), entry)), ...removed];
}

function change(old: LockEntry | undefined, { id, file, sha256, api }: LockEntry): LockChange {
  if (old === undefined) return { id, file, what: "added", sha256 };
  const same = old.sha256 === sha256 && old.file === file && old.api === api;
  return same ? { id, file, what: "unchanged", sha256 } : { id, file, what: "changed", sha256, was: old.sha256 };
}

/** Atomic: a run that starts meanwhile reads the old lock or the new one. */
function writeLock(file: string, text: string) {
  const temporary = `${file}.new`;
  fs.rmSync(temporary, { force: true });
  const descriptor = fs.openSync(temporary, "wx", 0o644);
  try {
    // The umask may leave the group in, and such a lock would be refused.
    if (process.platform !== "win32") fs.fchmodSync(descriptor, 0o644);
    fs.writeFileSync(descriptor, text);
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
  fs.renameSync(temporary, file);
}

export interface CheckedPlugin {
  id: string;
  file: string;
  ok: boolean;
  faults: readonly Fault[];
  nodes: readonly ProbedNode[];
  /** How the file stands to the folder's lock. Not a fault: one checks before one locks. */
  lock: "no_lock" | "not_listed" | "changed" | "matches";
}

/** The plugins that `target`, a folder or one plugin file, stands for; undefined when it is neither. */
export function findPlugins(target: string): { dir: string; plugins: { id: string; file: string }[] } | undefined {
  const stat = fs.statSync(target, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (stat.isDirectory()) return { dir: target, plugins: listPlugins(target) };
  const nested = /^plugin\.[tj]s$/.test(path.basename(target));
  const dir = nested ? path.dirname(path.dirname(path.resolve(target))) : path.dirname(target);
  const file = nested
    ? `${path.basename(path.dirname(path.resolve(target)))}/${path.basename(target)}`
    : path.basename(target);
  const id = pluginIdOf(file);
  return id === undefined ? undefined : { dir, plugins: [{ id, file }] };
}

/** Everything the loader checks short of the allowlist, and every node's docs and examples, in a child each. */
export async function checkPlugin(
  dir: string,
  { id, file }: { id: string; file: string },
  options: ProbeOptions = {},
): Promise<CheckedPlugin> {
  const faults: Fault[] = [];
  let nodes: readonly ProbedNode[] = [];
  const pinned = attempt(faults, () => pin(dir, id, file));
  if (pinned !== undefined) {
    try {
      nodes = await probe(readPlugin(dir, id, file), { ...options, review: true });
    } catch (error) {
      faults.push(asFault(error));
    }
  }
  const lock = lockState(dir, id, pinned, faults);
  const clean = nodes.every(
    (node) => node.faults.length === 0 && node.examples.every((run) => run.faults.length === 0),
  );
  return { id, file, ok: faults.length === 0 && clean, faults, nodes, lock };
}

function lockState(dir: string, id: string, pinned: LockEntry | undefined, faults: Fault[]): CheckedPlugin["lock"] {
  const lock = attempt(faults, () => readLock(dir));
  if (lock === undefined) return "no_lock";
  const entry = lock.get(id);
  if (entry === undefined) return "not_listed";
  return entry.sha256 === pinned?.sha256 && entry.file === pinned.file ? "matches" : "changed";
}

function attempt<Result>(faults: Fault[], run: () => Result): Result | undefined {
  try {
    return run();
  } catch (error) {
    faults.push(asFault(error));
    return undefined;
  }
}

function asFault(error: unknown): Fault {
  const { code, message, hint } = asResolution(error);
  return hint === undefined ? { code, message } : { code, message, hint };
}

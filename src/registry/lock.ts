import { timingSafeEqual } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import * as v from "valibot";
import { parseDocument } from "yaml";
import { isPluginId } from "./address.ts";
import { type PluginSource, pluginIdOf, readTrustedFile } from "./plugin_file.ts";
import { PluginRefused } from "./refusal.ts";

export const LOCK_FILE = "plugins.lock.yaml";
/** Why 64 KiB: about 350 plugins, and too little to keep a YAML parser busy. */
const MAX_LOCK_BYTES = 64 * 1024;

const entry = v.pipe(
  v.strictObject({
    id: v.pipe(v.string(), v.check(isPluginId, "is no plugin name")),
    file: v.string(),
    sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "must be 64 hex digits")),
    api: v.pipe(v.string(), v.regex(/^\d{1,4}\.\d{1,4}$/, "must be like 1.0")),
  }),
  v.check(({ id, file }) => pluginIdOf(file) === id, "file is not where a plugin of this id stands"),
);

const lock = v.strictObject({
  version: v.literal("1", "must be 1"),
  plugins: v.pipe(
    v.array(entry),
    v.check((plugins) => new Set(plugins.map(({ id }) => id)).size === plugins.length, "an id stands twice"),
  ),
});

/** One plugin that may be loaded: this file with these bytes, written for this API. */
export type LockEntry = v.InferOutput<typeof entry>;

/** The plugins that a folder's lock allows, by id; undefined without a lock. A lock with a fault allows nothing. */
export function readLock(dir: string): ReadonlyMap<string, LockEntry> | undefined {
  if (!fs.lstatSync(path.join(dir, LOCK_FILE), { throwIfNoEntry: false })) return undefined;
  const bytes = readTrustedFile(dir, LOCK_FILE, MAX_LOCK_BYTES, "Cannot load any plugin");
  return new Map(parseLock(bytes.toString("utf8"), path.join(dir, LOCK_FILE)).map((plugin) => [plugin.id, plugin]));
}

export function parseLock(text: string, file: string): readonly LockEntry[] {
  const refuse = (fault: string) => {
    const way = "correct it, or remove it and run `schnitzel plugin lock`";
    return new PluginRefused(
      "PLUGIN_NOT_ALLOWED",
      `Cannot load any plugin as ${file} is not a valid lock: ${fault}`,
      way,
    );
  };
  // Failsafe: every scalar is text, so a hash of digits and `api: 1.10` stay what they are.
  const document = parseDocument(text, { schema: "failsafe", uniqueKeys: true, strict: true });
  if (document.errors.length > 0) throw refuse(document.errors[0]!.message.split("\n")[0]!);
  const result = v.safeParse(lock, plainValue(document, refuse));
  if (result.success) return result.output.plugins;
  const issue = result.issues[0];
  throw refuse([v.getDotPath(issue), issue.message].filter(Boolean).join(": "));
}

function plainValue(document: ReturnType<typeof parseDocument>, refuse: (fault: string) => PluginRefused): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw refuse("aliases are not allowed");
  }
}

/** The text of a lock, ordered by id, so a change of one plugin is a change of one block. */
export function formatLock(plugins: readonly LockEntry[]): string {
  const blocks = [...plugins]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, file, sha256, api }) => `  - id: ${id}\n    file: ${file}\n    sha256: ${sha256}\n    api: "${api}"\n`);
  const head = "# Written by `schnitzel plugin lock`. Only these files, with these bytes, are loaded.\nversion: 1\n";
  return `${head}plugins:${blocks.length === 0 ? " []\n" : `\n${blocks.join("")}`}`;
}

/** Refuses a file that is not byte for byte the locked one. */
export function checkHash(source: PluginSource, locked: LockEntry) {
  if (timingSafeEqual(Buffer.from(source.sha256, "hex"), Buffer.from(locked.sha256, "hex"))) return;
  throw new PluginRefused(
    "PLUGIN_NOT_ALLOWED",
    `Cannot load plugin "${source.id}" as ${source.file} changed: ${LOCK_FILE} has sha256 ${locked.sha256}, the file ${source.sha256}`,
    "read what changed, then run `schnitzel plugin lock`",
  );
}

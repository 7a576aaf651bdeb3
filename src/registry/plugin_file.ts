import * as fs from "node:fs";
import * as path from "node:path";
import { isPluginId } from "./address.ts";
import { PluginRefused } from "./refusal.ts";

/** Why 5 MB: a bundled plugin with libraries is below one; more is data, which belongs into a file beside it. */
export const MAX_PLUGIN_BYTES = 5_000_000;

/** The bytes of a plugin, read once: these are hashed, checked and run. */
export interface PluginSource {
  id: string;
  /** Path inside the plugin folder, with `/`. */
  file: string;
  text: string;
  /** Of the bytes, hex. */
  sha256: string;
}

/** Where plugin `id` may stand inside the plugin folder. */
export const pluginFiles = (id: string): readonly string[] => [
  `${id}.ts`,
  `${id}.js`,
  `${id}/plugin.ts`,
  `${id}/plugin.js`,
];

/** The plugin a path inside the folder belongs to, if it is one. Test and declaration files are none. */
export function pluginIdOf(file: string): string | undefined {
  const id = file.replace(/(\/plugin)?\.[tj]s$/, "");
  return isPluginId(id) && !/\.(test|d)$/.test(id) && pluginFiles(id).includes(file) ? id : undefined;
}

/** The files in the folder that could be plugin `id`; normally none or one. */
export const findPlugin = (dir: string, id: string): string[] => pluginFiles(id).filter((file) => exists(dir, file));

/** Also for a symbolic link, wherever it leads: that is for the loader to refuse. */
function exists(dir: string, file: string): boolean {
  try {
    return fs.lstatSync(path.join(dir, file), { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    // ENOTDIR: what would be a folder on the way is a file.
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return false;
    throw error;
  }
}

/** The only file of plugin `id`. Two are refused: which one was meant? */
export function onlyFile(dir: string, id: string, files: readonly string[]): string {
  if (files.length === 1) return files[0]!;
  const message = `Cannot load plugin "${id}" as ${files.join(" and ")} both stand in ${dir}`;
  throw new PluginRefused("PLUGIN_LOAD_FAILED", message, "remove one of them");
}

/** Every plugin file in the folder, by name. A folder that is not there has none. */
export function listPlugins(dir: string): { id: string; file: string }[] {
  const isFolder = fs.statSync(dir, { throwIfNoEntry: false })?.isDirectory();
  const entries = isFolder ? fs.readdirSync(dir, { withFileTypes: true }) : [];
  return entries
    .flatMap((entry) => (entry.isDirectory() ? [`${entry.name}/plugin.ts`, `${entry.name}/plugin.js`] : [entry.name]))
    .filter((file) => exists(dir, file))
    .flatMap((file) => {
      const id = pluginIdOf(file);
      return id === undefined ? [] : [{ id, file }];
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

export function readPlugin(dir: string, id: string, file: string): PluginSource {
  const bytes = readTrustedFile(dir, file, MAX_PLUGIN_BYTES, `Cannot load plugin "${id}"`);
  const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  try {
    return { id, file, sha256, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    throw new PluginRefused(
      "PLUGIN_LOAD_FAILED",
      `Cannot load plugin "${id}" as ${path.join(dir, file)} is not UTF-8 text`,
    );
  }
}

/**
 * Reads a file that only this user or root can have written: no symlink on the way below `dir`, a regular file
 * with one name, owned by them, writable by nobody else, at most `maxBytes`. All is asked of the open
 * descriptor the bytes come from, so the file cannot be exchanged in between.
 */
export function readTrustedFile(dir: string, file: string, maxBytes: number, doing: string): Buffer {
  const refuse = (fact: string, way?: string) => {
    return new PluginRefused("PLUGIN_NOT_ALLOWED", `${doing} as ${path.join(dir, file)} ${fact}`, way);
  };
  const absolute = withoutSymlinks(dir, file, refuse);
  // NONBLOCK: a pipe put there would hold the open for ever. Windows has neither flag.
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
  let descriptor: number;
  try {
    descriptor = fs.openSync(absolute, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    throw refuse(`cannot be opened (${(error as NodeJS.ErrnoException).code})`);
  }
  try {
    checkStat(fs.fstatSync(descriptor), maxBytes, absolute, refuse);
    return readUpTo(descriptor, maxBytes, refuse);
  } finally {
    fs.closeSync(descriptor);
  }
}

type Refuse = (fact: string, way?: string) => PluginRefused;

function withoutSymlinks(dir: string, file: string, refuse: Refuse): string {
  let absolute = fs.realpathSync(dir);
  for (const part of file.split("/")) {
    absolute = path.join(absolute, part);
    const stat = fs.lstatSync(absolute, { throwIfNoEntry: false });
    if (stat === undefined) throw refuse("is not there");
    if (stat.isSymbolicLink()) throw refuse(`goes through the symbolic link ${absolute}`, "put the file itself there");
  }
  return absolute;
}

function checkStat(stat: fs.Stats, maxBytes: number, file: string, refuse: Refuse) {
  if (!stat.isFile()) throw refuse("is not a regular file");
  if (stat.nlink !== 1) {
    throw refuse(`has ${stat.nlink} hard links: its other names could change it`, "copy it to a file of its own");
  }
  if (stat.size > maxBytes) throw refuse(`has ${stat.size} bytes: at most ${maxBytes} are allowed`);
  // Windows keeps rights in access lists that `stat` does not show.
  if (process.platform === "win32") return;
  const user = process.getuid!();
  if (stat.uid !== 0 && stat.uid !== user) {
    throw refuse(`belongs to user ${stat.uid}: only root and user ${user}, who runs this, are trusted`);
  }
  if (stat.mode & 0o022) {
    const mode = (stat.mode & 0o777).toString(8);
    throw refuse(`can be written by others (mode ${mode})`, `run: chmod go-w ${file}`);
  }
}

function readUpTo(descriptor: number, maxBytes: number, refuse: Refuse): Buffer {
  const buffer = Buffer.alloc(maxBytes + 1);
  let length = 0;
  for (let read = -1; read !== 0 && length <= maxBytes; length += read) {
    read = fs.readSync(descriptor, buffer, length, buffer.length - length, null);
  }
  if (length > maxBytes) throw refuse(`grew beyond ${maxBytes} bytes while it was read`);
  return buffer.subarray(0, length);
}

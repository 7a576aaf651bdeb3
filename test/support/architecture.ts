import * as path from "node:path";

/** A source file; `path` starts at the project's root, with `/`. */
export interface SourceFile {
  path: string;
  text: string;
}

/** A folder of `src/` and what it may import, its doors included. The house's layout as data. */
export interface Room {
  /** `folder` for its index.ts, `folder/file.ts` for another door. */
  imports: readonly string[];
  /** Without an index.ts: every file is a door. */
  open?: true;
}

export interface House {
  /** From the ground up: a room may import only what stands above it in this list. */
  rooms: Readonly<Record<string, Room>>;
  /** Outside packages, and the path prefixes that may import them. `bun` and `node:*` are not listed here. */
  packages: Readonly<Record<string, readonly string[]>>;
  /** Rooms without the machine: no `node:` or `bun:` module, but for the ones named. */
  sealed: Readonly<Record<string, readonly string[]>>;
  /** Path prefixes that may use the real clock, chance, timers and network. */
  edges: Readonly<Record<string, string>>;
  /** Files longer than `MAX_LINES`: how long they may be, and why. */
  long: Readonly<Record<string, { lines: number; reason: string }>>;
}

/** Beyond this a file holds a second idea. */
export const MAX_LINES = 250;

/** Imports against the arrows: unknown rooms, wrong direction, past the door. */
export function importFindings({ path: file, text }: SourceFile, house: House): string[] {
  return importsOf(text).flatMap((written) => {
    // A file of a package that is embedded as text is named by its path.
    const specifier = written.replace(/^.*\/node_modules\//, "");
    const finding = specifier.startsWith(".")
      ? insideFinding(file, path.posix.join(path.posix.dirname(file), specifier), house)
      : outsideFinding(file, specifier, house);
    return finding === undefined ? [] : [`${file} imports ${written}: ${finding}`];
  });
}

function insideFinding(file: string, target: string, { rooms }: House): string | undefined {
  const from = roomOf(file);
  // Whoever prints the version reads it where it stands.
  if (target === "package.json" && from === "cli") return undefined;
  if (!target.startsWith("src/")) return "src/ imports only from src/";
  const to = roomOf(target);
  const room = rooms[from];
  if (room === undefined) return `src/${from} is not in the layout`;
  if (from === to) return from === "nodes" ? domainFinding(file, target) : undefined;
  const door = target.slice("src/".length);
  const allowed = room.imports.some((entry) =>
    entry.endsWith(".ts") ? door === entry : entry === to && (rooms[to]?.open || door === `${entry}/index.ts`),
  );
  return allowed ? undefined : `${from} may import ${room.imports.join(", ") || "nothing"}`;
}

/** Domains (`nodes/io`, `nodes/vision` …) do not know each other; what they share lies in `nodes/` itself. */
function domainFinding(file: string, target: string): string | undefined {
  const [from, to] = [path.posix.dirname(file), path.posix.dirname(target)];
  if (file === "src/nodes/list.ts" || from === to || to === "src/nodes") return undefined;
  return `${from} and ${to} are different domains`;
}

function outsideFinding(file: string, specifier: string, house: House): string | undefined {
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  const doors = house.packages[specifier] ?? house.packages[name];
  if (doors !== undefined) {
    return doors.some((door) => file.startsWith(`src/${door}`)) ? undefined : `its door is ${doors.join(", ")}`;
  }
  if (!/^(node:|bun(:|$))/.test(specifier)) return "this package has no door in the layout";
  const permitted = house.sealed[roomOf(file)];
  return permitted === undefined || permitted.includes(specifier)
    ? undefined
    : `${roomOf(file)} never touches the machine`;
}

/** `main` for src/main.ts, else the first folder. */
function roomOf(file: string): string {
  return file.split("/")[1]!.replace(/\.ts$/, "");
}

const TRANSPILER = new Bun.Transpiler({ loader: "ts" });

/** Every module a file names, type-only imports included: a type that leaks upward is a dependency as well. */
export function importsOf(text: string): string[] {
  // scanImports() drops what is only a type, so the word `type` goes first.
  const untyped = text
    .replace(/\b(import)\s+type\s+(?=[{*\w])/g, "$1 ")
    .replace(/\b(export)\s+type\s+(?=[{*])/g, "$1 ")
    .replace(/\b(?:import|export)\s*\{[^}]*\}/g, (clause) => clause.replace(/([{,]\s*)type\s+(?=\w)/g, "$1"));
  const inTypes = [...text.matchAll(/\bimport\(\s*"([^"$]+)"\s*\)\s*\./g)].map((match) => match[1]!);
  return [...new Set([...TRANSPILER.scanImports(untyped).map((found) => found.path), ...inTypes])];
}

/** Ambient ways to the outside, by what a node or the engine uses instead. */
const AMBIENT = {
  clock: ["Date.now", "performance.now", "process.hrtime", "Bun.nanoseconds"],
  "clock.setTimer": ["setTimeout", "setInterval", "Bun.sleep", "Bun.sleepSync"],
  random: ["Math.random", "crypto.randomUUID", "crypto.getRandomValues", "Bun.randomUUIDv7"],
  "context.fetch": ["fetch"],
};

/** `define` replaces only what is not bound in its scope, so a `fetch` that was passed in is not found. */
const MARKER = new Bun.Transpiler({
  loader: "ts",
  define: Object.fromEntries(
    Object.entries(AMBIENT).flatMap(([instead, names]) =>
      names.flatMap((name) =>
        ["", "globalThis."].map((prefix) => [prefix + name, JSON.stringify(`ambient:${name}:${instead}`)]),
      ),
    ),
  ),
});

/** Real time, chance, timers and network outside the edges of the house. */
export function ambientFindings({ path: file, text }: SourceFile, { edges }: House): string[] {
  if (Object.keys(edges).some((edge) => file.startsWith(`src/${edge}`))) return [];
  const code = MARKER.transformSync(text);
  const marked = [...code.matchAll(/"ambient:([^:"]+):([^"]+)"/g)].map(([, name, instead]) => ({ name, instead }));
  if (/\bnew Date\(\)|\bnew Date\b(?!\()/.test(code)) marked.push({ name: "new Date()", instead: "clock" });
  return marked.map(({ name, instead }) => `${file} uses ${name}: take ${instead} from what is passed in`);
}

/** Files that hold more than one idea, or are on the list without need. */
export function lengthFindings(files: readonly SourceFile[], { long }: House): string[] {
  const lines = new Map(files.map((file) => [file.path, file.text.trimEnd().split("\n").length]));
  const over = [...lines].flatMap(([file, count]) => {
    const most = long[file]?.lines ?? MAX_LINES;
    return count > most ? [`${file} has ${count} lines, at most ${most}`] : [];
  });
  const idle = Object.keys(long).filter((file) => (lines.get(file) ?? 0) <= MAX_LINES);
  return [...over, ...idle.map((file) => `${file} is listed as long and is not`)];
}

/** Names that say nothing, and names not spelled as the house spells them. */
export function nameFindings(files: readonly string[]): string[] {
  return files.flatMap((file) => [
    ...(/(^|[/_.])(utils?|common|managers?|helpers?)([/_.]|$)/.test(file) ? [`${file}: the name says nothing`] : []),
    ...(/^(src|plugins|scripts|test(?!\/fixtures))\/.*\.ts$/.test(file) && /[A-Z-]/.test(file)
      ? [`${file}: not snake_case`]
      : []),
  ]);
}

/** Anything in the project's root that has no place there. */
export function rootFindings(files: readonly string[], allowed: readonly string[]): string[] {
  const roots = new Set(files.map((file) => file.split("/")[0]!));
  return [...roots].filter((root) => !allowed.includes(root)).map((root) => `${root} has no place in the root`);
}

import * as fs from "node:fs";
import * as path from "node:path";
import type { GraphPlan, PlanEdge } from "../graph/index.ts";
import { homeFolder, osPaths } from "./paths.ts";
import type { Terminal } from "./terminal.ts";

/** Where one graph keeps what must outlive a run. Two graphs have two names and so two folders. */
export interface StateDir {
  readonly path: string;
  readonly queues: string;
  readonly deadLetters: string;
  /** The newest checkpoint. */
  readonly state: string;
  readonly blobs: string;
  /** The local control channel while the graph runs. */
  readonly socket: string;
}

/** The folder of graph `name` below `base`, which is `--state-dir` or the operating system's place for such things. */
export function stateDirOf(
  name: string,
  base: string | undefined,
  { env, cwd }: Pick<Terminal, "env" | "cwd">,
): StateDir {
  const { platform } = process;
  const isRoot = process.getuid?.() === 0;
  const root =
    base === undefined ? osPaths({ platform, env, home: homeFolder(), isRoot }).state : path.resolve(cwd, base);
  const folder = path.join(root, name);
  return {
    path: folder,
    queues: path.join(folder, "queues"),
    deadLetters: path.join(folder, "dead_letters.sqlite3"),
    state: path.join(folder, "state.sqlite3"),
    blobs: path.join(folder, "blobs"),
    socket: path.join(folder, "control.sock"),
  };
}

/** File of a durable edge: where the graph says, else one in the state directory that is named after its ends. */
export function queueFileOf({ queues }: StateDir, { nodes, baseDir }: GraphPlan, edge: PlanEdge): string {
  const given = edge.durable?.path;
  if (given !== undefined) return path.resolve(baseDir, given);
  // No node id and no port has a plus, so two edges never mean one file.
  const [from, to] = [`${nodes[edge.from]!.id}.${edge.fromPort}`, `${nodes[edge.to]!.id}.${edge.toPort}`];
  const whole = `${from}+${to}`.replaceAll("/", SLASH);
  const file = path.join(queues, `${whole}${SUFFIX}`);
  if (Buffer.byteLength(whole) <= LONGEST || fs.existsSync(file)) return file;
  return path.join(queues, `${shortened(whole)}${SUFFIX}`);
}

const SUFFIX = ".sqlite3";

/**
 * Bytes of a name. A file system takes 255; SQLite's own files beside it and one that is set aside as damaged
 * (`.sqlite3.corrupt-20260101T000000Z-2.hwm`) need up to 47 more. One that was made longer before keeps its name.
 */
const LONGEST = 200;
const HASH_DIGITS = 32;

/** The start, so that a person knows it, and a hash of the whole, so that no other edge has the same. */
function shortened(whole: string): string {
  const hash = new Bun.CryptoHasher("sha256").update(whole).digest("hex").slice(0, HASH_DIGITS);
  return `${whole.slice(0, LONGEST - HASH_DIGITS - CUT.length)}${CUT}${hash}`;
}

/** Between the start and the hash: no id and no port has one. */
const CUT = "~";

/** Stands for the slash in `yard/person`: ids have none, and every file system takes it. */
const SLASH = "=";

/** `yard=person.out+a.in.sqlite3` is the file of `yard/person.out->a.in`; of a long one the start is known. */
export function edgeOfQueueFile(file: string): string {
  return path.basename(file, SUFFIX).replaceAll(SLASH, "/").replace("+", "->");
}

import * as os from "node:os";
import * as path from "node:path";
import { type EmbeddedFact, embeddedFacts, embeddedFile } from "../base/embedded.ts";
import { type Ask, askProgram } from "./ask_program.ts";

// Set by the build (scripts/compile.ts); the sources run without it.
declare const SCHNITZEL_TARGET: string;

/** What the search for ffmpeg looks at, so that it can be tested without the machine. */
export interface FfmpegMachine {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ask: Ask;
  /** The folder of schnitzel's own executable; undefined when it runs from source. */
  readonly besideBinary: string | undefined;
  /** The project's folder, when it runs from source. */
  readonly project: string | undefined;
  /** `ffmpeg.exe` on Windows. */
  readonly executable: string;
  /** Where files may be kept that can be made again, best first; none belongs to another user. */
  readonly caches: readonly string[];
  /** This user's number, where users have one. */
  readonly uid: number | undefined;
  /** The embedded ffmpeg; undefined in `schnitzel-slim` and where the build had none. */
  embedded(): Promise<{ sha256: string; bytes(): Promise<Uint8Array> } | undefined>;
}

export function thisMachine(): FfmpegMachine {
  const built = typeof SCHNITZEL_TARGET === "string";
  const { env } = process;
  return {
    env,
    ask: askProgram,
    besideBinary: built ? path.dirname(process.execPath) : undefined,
    project: built ? undefined : path.resolve(import.meta.dir, "../.."),
    executable: process.platform === "win32" ? "ffmpeg.exe" : "ffmpeg",
    caches: cacheFolders(env, os.tmpdir(), process.getuid?.()),
    uid: process.getuid?.(),
    embedded: embeddedFfmpeg,
  };
}

/** `$XDG_CACHE_HOME`, `~/.cache`, and a folder of this user's own among everybody's temporary files. */
export function cacheFolders(env: FfmpegMachine["env"], tmp: string, uid: number | undefined): string[] {
  const absolute = (folder: string | undefined) => folder !== undefined && path.isAbsolute(folder);
  const { XDG_CACHE_HOME: given, HOME: home } = env;
  return [
    ...(absolute(given) ? [path.join(given!, "schnitzel")] : []),
    ...(!absolute(given) && absolute(home) ? [path.join(home!, ".cache/schnitzel")] : []),
    path.join(tmp, uid === undefined ? "schnitzel" : `schnitzel-${uid}`),
  ];
}

async function embeddedFfmpeg() {
  const fact = (await embeddedFacts()).find(({ name }: EmbeddedFact) => name === "ffmpeg");
  if (fact === undefined) return undefined;
  return {
    sha256: fact.sha256,
    bytes: async () => {
      const bytes = await embeddedFile("ffmpeg");
      if (bytes === undefined) throw new Error("the build lists an ffmpeg that is not in it");
      return bytes;
    },
  };
}

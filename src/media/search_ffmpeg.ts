import * as fs from "node:fs";
import * as path from "node:path";
import { toError } from "../base/to_error.ts";
import type { Ffmpeg } from "../node/index.ts";
import { extractFfmpeg } from "./extract_ffmpeg.ts";
import type { FfmpegFacts } from "./ffmpeg_facts.ts";
import type { FfmpegMachine } from "./ffmpeg_machine.ts";
import { KeptFacts } from "./kept_facts.ts";
import { probeFfmpeg } from "./probe_ffmpeg.ts";

/** A place that was looked at and gave none. */
export interface PassedOver {
  readonly place: string;
  readonly reason: string;
}

export interface Search {
  readonly found?: Ffmpeg;
  readonly passedOver: readonly PassedOver[];
  /** The config or the variable named one, so nothing else was tried. */
  readonly only: boolean;
}

/** A file to try, or why a place has none. */
type Candidate = PassedOver | { readonly place: string; readonly file: string };

/**
 * Looks in the stated order, and stops at the first ffmpeg that works. One that a person named is the only one tried:
 * to take another in silence would hide that theirs does not work.
 */
export async function searchFfmpeg(machine: FfmpegMachine, configured?: string): Promise<Search> {
  const passedOver: PassedOver[] = [];
  const named = namedBy(machine, configured);
  const places = named === undefined ? standardPlaces(machine) : [named];
  for await (const candidate of places) {
    if ("reason" in candidate) {
      passedOver.push(candidate);
      continue;
    }
    try {
      const { place, file } = candidate;
      return { found: ffmpegOf(file, place, await factsOf(file, machine)), passedOver, only: named !== undefined };
    } catch (error) {
      passedOver.push({ place: `${candidate.place}, ${candidate.file}`, reason: toError(error).message });
    }
  }
  return { passedOver, only: named !== undefined };
}

function namedBy({ env }: FfmpegMachine, configured: string | undefined): Candidate | undefined {
  const [place, name] =
    configured !== undefined ? ["config", configured] : ["SCHNITZEL_FFMPEG", env.SCHNITZEL_FFMPEG ?? ""];
  if (name === "" && configured === undefined) return undefined;
  // A bare word is a program on PATH, as a shell reads it.
  const file = /[\\/]/.test(name) ? path.resolve(name) : Bun.which(name, { PATH: env.PATH ?? "" });
  return file === null
    ? { place: `${place}, "${name}"`, reason: "no program of that name is on PATH" }
    : { place, file };
}

async function* standardPlaces(machine: FfmpegMachine): AsyncGenerator<Candidate> {
  const { besideBinary, project, executable, env } = machine;
  if (besideBinary !== undefined) yield fileAt("beside the binary", path.join(besideBinary, executable));
  const onPath = Bun.which("ffmpeg", { PATH: env.PATH ?? "" });
  yield onPath === null ? { place: "PATH", reason: "it has no ffmpeg" } : { place: "PATH", file: onPath };
  if (project !== undefined) {
    yield fileAt("the ffmpeg-static package", path.join(project, "node_modules/ffmpeg-static", executable));
  }
  yield* embeddedPlaces(machine);
}

const fileAt = (place: string, file: string): Candidate =>
  fs.existsSync(file) ? { place, file } : { place, reason: `there is no ${file}` };

/** Each cache folder in turn: one may be full, read-only, or mounted so that nothing in it can be started. */
async function* embeddedPlaces({ embedded, caches, executable, uid }: FfmpegMachine): AsyncGenerator<Candidate> {
  const program = await embedded();
  if (program === undefined) return yield { place: "embedded", reason: "this build has none (schnitzel-slim)" };
  for (const cache of caches) {
    try {
      yield { place: "embedded", file: await extractFfmpeg(program, cache, executable, uid) };
    } catch (error) {
      yield { place: `embedded, to be laid into ${cache}`, reason: toError(error).message };
    }
  }
}

async function factsOf(file: string, machine: FfmpegMachine): Promise<FfmpegFacts> {
  if (!fs.existsSync(file)) throw new Error("there is no such file");
  if (!fs.statSync(file).isFile()) throw new Error("it is not a file");
  const kept = new KeptFacts(machine.caches);
  const known = kept.read(file);
  if (known !== undefined) return known;
  const facts = await probeFfmpeg(file, machine.ask);
  kept.write(file, facts);
  return facts;
}

function ffmpegOf(file: string, from: string, { version, names }: FfmpegFacts): Ffmpeg {
  const sets = new Map(Object.entries(names).map(([what, list]) => [what, new Set(list)]));
  return { file, version, from, can: (what, name) => sets.get(what)?.has(name) === true };
}

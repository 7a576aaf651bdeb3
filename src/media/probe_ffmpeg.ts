import type { Answer, Ask } from "./ask_program.ts";
import { type Capability, type FfmpegFacts, LISTS, OLDEST_MAJOR, readNames, readVersion } from "./ffmpeg_facts.ts";

/** Asks an ffmpeg what it is. Rejects with what is wrong with it, as the end of a sentence about the file. */
export async function probeFfmpeg(file: string, ask: Ask): Promise<FfmpegFacts> {
  const version = readVersion(await answerOf(file, ["-version"], ask));
  if (version === undefined) throw new Error("it does not answer -version as ffmpeg does");
  if (version.major < OLDEST_MAJOR) {
    throw new Error(`it is too old: "${version.text}", and ${OLDEST_MAJOR}.0 or newer is needed`);
  }
  const kinds = Object.keys(LISTS) as Capability[];
  const lists = await Promise.all(kinds.map((what) => list(file, what, ask)));
  const names = Object.fromEntries(kinds.map((what, index) => [what, readNames(what, lists[index]!)]));
  return { version, names: names as Record<Capability, string[]> };
}

const list = (file: string, what: Capability, ask: Ask) => answerOf(file, ["-hide_banner", LISTS[what]], ask);

async function answerOf(file: string, args: readonly string[], ask: Ask): Promise<string> {
  let answer: Answer;
  try {
    answer = await ask(file, args);
  } catch (error) {
    throw new Error(`it cannot be started: ${(error as Error).message}`);
  }
  const { code, signal, late, flood, out, error } = answer;
  const asked = args.at(-1);
  if (flood) throw new Error(`it printed more than 1 MiB when asked for ${asked}, and was stopped`);
  if (late) throw new Error(`it did not answer ${asked} within 15 s, and was stopped`);
  if (signal !== null) throw new Error(`it crashed when asked for ${asked} (${signal})`);
  const last = error.trim().split("\n").at(-1) ?? "";
  if (code !== 0) throw new Error(`it failed when asked for ${asked}: exit code ${code}${last && `, ${last}`}`);
  return out;
}

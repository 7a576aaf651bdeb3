import { sleep } from "../../base/clock.ts";
import type { Child, Ffmpeg, NodeContext } from "../../node/index.ts";
import { complaintsOf } from "../complaints.ts";
import { streamFacts } from "../stream_facts.ts";

export type RemuxContext = Pick<NodeContext, "spawn" | "ffmpeg" | "clock">;

export interface Remux {
  /** ffmpeg's options of the input, `-i`, and the input. */
  readonly input: readonly string[];
  /** What is written to its stdin, anew for each try. */
  readonly stdin?: () => Iterable<Uint8Array>;
  /** How pictures get into the file; `["-c:v", "copy"]` leaves them as they are. */
  readonly video: readonly string[];
  /** Ends so long after the beginning. */
  readonly lengthMs?: number;
  readonly container: "mp4" | "mkv";
  readonly file: string;
  readonly ffmpeg?: string | undefined;
}

export interface Remuxed {
  readonly durationMs: number;
  /** As ffmpeg calls it: `h264`, `mjpeg`. */
  readonly codec: string | undefined;
}

/** A minute of 4K is 200 MB, so a second of work; a disk that hangs, and the child with it, is given up. */
const LIMIT_MS = 60_000;

/** Sound that MP4 has no place for, such as the G.711 of cameras. */
const NO_PLACE = /Could not find tag for codec \w+ in stream #1/;

/**
 * Writes a file with ffmpeg, and looks whether it can be read again. Pictures are not decoded unless `video` says so;
 * sound is copied, and made AAC where the container has no place for it. Rejects with an Error in ffmpeg's words.
 */
export async function remux(context: RemuxContext, spec: Remux, signal: AbortSignal): Promise<Remuxed> {
  const ffmpeg = await context.ffmpeg(spec.ffmpeg);
  const run = (audio: string) => runChild(context, { argv: writeArgv(ffmpeg, spec, audio), ...spec }, signal);
  let stderr = await run("copy");
  if (NO_PLACE.test(stderr.text)) stderr = await run("aac");
  // A last part that found no room is told in words alone: ffmpeg calls the whole a success.
  if (stderr.failed !== undefined || /No space left on device|Error writing trailer/.test(stderr.text)) {
    throw new Error(`cannot write the clip: ${saying(stderr)}`);
  }
  return look(context, ffmpeg, spec.file, signal);
}

/** Opens what was written, as whoever plays it will. */
async function look(context: RemuxContext, { file: program }: Ffmpeg, file: string, signal: AbortSignal) {
  const flags = ["-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info"];
  const argv = [program, ...flags, "-i", file, "-map", "0:V:0", "-c", "copy", "-frames:v", "1", "-f", "null", "-"];
  const stderr = await runChild(context, { argv }, signal);
  const { durationMs, codec } = streamFacts(stderr.text);
  if (stderr.failed !== undefined || durationMs === undefined) {
    throw new Error(`cannot write the clip: there is no picture in it: ${saying(stderr)}`);
  }
  return { durationMs, codec };
}

function writeArgv({ file: program }: Ffmpeg, spec: Remux, audio: string): string[] {
  const { input, video, lengthMs, container, file } = spec;
  return [
    ...[program, "-hide_banner", "-nostats", "-loglevel", "level+info", "-y", ...input],
    ...(lengthMs === undefined ? [] : ["-t", (lengthMs / 1_000).toFixed(3)]),
    ...["-map", "0:V:0", "-map", "0:a:0?", ...video, "-c:a", audio, "-map_metadata", "-1"],
    // A cut begins with the key frame before: that is the clip's beginning, and not before it.
    ...["-avoid_negative_ts", "make_zero"],
    // The index stands in front, so that a browser plays it while it comes.
    ...(container === "mp4" ? ["-movflags", "+faststart", "-f", "mp4"] : ["-f", "matroska"]),
    file,
  ];
}

interface Said {
  readonly text: string;
  /** How it ended, unless well. */
  readonly failed: string | undefined;
}

const saying = ({ text, failed = "ffmpeg could not write all of it" }: Said) =>
  [failed, ...complaintsOf(text).slice(-2)].join(": ");

type Run = { readonly argv: readonly string[] } & Pick<Remux, "stdin">;

async function runChild({ spawn, clock }: RemuxContext, { argv, stdin }: Run, signal: AbortSignal): Promise<Said> {
  const child = spawn({ argv, stdin: stdin === undefined ? "ignore" : "pipe", background: true });
  const done = new AbortController();
  const kill = () => child.kill();
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  void sleep(clock, LIMIT_MS, done.signal).then(() => !done.signal.aborted && kill());
  if (stdin !== undefined) void feed(child, stdin());
  const { code, signal: by } = await child.exited;
  done.abort();
  signal.removeEventListener("abort", kill);
  const failed =
    code === 0 ? undefined : code === null ? `ffmpeg was ended by ${by}` : `ffmpeg ended with code ${code}`;
  return { text: child.stderrTail(), failed };
}

async function feed(child: Child, pieces: Iterable<Uint8Array>) {
  try {
    for (const piece of pieces) await child.write(piece);
  } catch {
    // It ended before it had read all; why, it says itself.
  } finally {
    child.end();
  }
}

import type { Child } from "../../node/index.ts";

export interface RecordLine {
  /** A segment that is finished. */
  readonly segment?: { readonly name: string; readonly fromSec: number; readonly toSec: number };
  /** Pictures so far. */
  readonly pictures?: number;
}

/** A line is a few dozen characters; what is longer is none of ours. */
const MAX_LINE = 4_096;

/** What ffmpeg says on stdout while it records. Ends with it. */
export async function* recordLines(stdout: Child["stdout"]): AsyncGenerator<RecordLine, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of stdout) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop()!.slice(-MAX_LINE);
    for (const line of lines) {
      const read = readLine(line);
      if (read !== undefined) yield read;
    }
  }
}

function readLine(line: string): RecordLine | undefined {
  const pictures = /^frame=\s*(\d+)/.exec(line);
  if (pictures !== null) return { pictures: Number(pictures[1]) };
  const segment = /^(seg-\d+-\d+\.mkv),(-?[\d.]+),(-?[\d.]+)\s*$/.exec(line);
  if (segment === null) return undefined;
  return { segment: { name: segment[1]!, fromSec: Number(segment[2]), toSec: Number(segment[3]) } };
}

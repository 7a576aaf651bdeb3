import * as fs from "node:fs";
import * as path from "node:path";
import type { Spawn } from "../../src/node/index.ts";

/**
 * Starts ffmpeg with a moving test picture in the place of a camera that no test has: an address, or a device of this
 * machine. Everything behind the input is as the node wrote it.
 */
export const withStandInCamera =
  (spawn: Spawn): Spawn =>
  (options) =>
    spawn({ ...options, argv: standIn(options.argv) });

function standIn(argv: readonly string[]): readonly string[] {
  const [begin, input] = [argv.indexOf("-threads") + 2, argv.indexOf("-i") + 1];
  const isCamera = /^(?:rtsps?|https?):\/\//.test(argv[input] ?? "") || argv.slice(0, input).includes("v4l2");
  if (begin < 2 || !isCamera) return argv;
  return [...argv.slice(0, begin), "-re", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=10", ...argv.slice(input + 1)];
}

const TEST_PICTURE = ["-re", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=50"];

/** A program that is ffmpeg, but for a webcam, in whose place it has another input. Give it by SCHNITZEL_FFMPEG. */
export function standInFfmpeg(folder: string, input: readonly string[] = TEST_PICTURE): string {
  const file = path.join(folder, "ffmpeg_with_webcam");
  const words = input.map((word) => `'${word}'`).join(" ");
  fs.writeFileSync(file, STAND_IN.replace("INPUT", words), { mode: 0o755 });
  return file;
}

const STAND_IN = `#!/bin/sh
case " $* " in *" -f v4l2 "*) ;; *) exec ffmpeg "$@" ;; esac
while [ "$1" != -i ]; do shift; done
shift 2
exec ffmpeg -hide_banner -nostats -loglevel level+info INPUT "$@"
`;

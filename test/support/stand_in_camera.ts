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

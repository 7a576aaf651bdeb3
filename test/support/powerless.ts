import { binary, type RunOptions, runCommand } from "./binary.ts";

/** Root reads and writes whatever a file's mode says, unless it gives these two rights up. */
const POWERLESS =
  process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", "--"] : [];

/** Runs the standalone binary as somebody to whom the modes of files apply. */
export function runPowerless(args: readonly string[], options: RunOptions = {}) {
  return runCommand([...POWERLESS, binary(), ...args], options);
}

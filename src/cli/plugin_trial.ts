import { PROBE_ARGUMENT, probePlugin } from "../registry/index.ts";

/** Loads one plugin on trial and ends the process; does so only when `argv` asks for it. */
export async function tryPlugin(argv: readonly string[]): Promise<never> {
  await probePlugin(argv);
  throw new Error(`Cannot try out a plugin as the first argument must be ${PROBE_ARGUMENT}: it is "${argv[0]}"`);
}

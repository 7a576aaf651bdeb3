/** What `probe.ts` starts when this is not a compiled binary: the binary's own entry does the same first. */
import { probePlugin } from "./probe_child.ts";

await probePlugin(process.argv.slice(2));

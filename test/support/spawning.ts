/** Started by tests as a process of its own, to be killed: spawns what its arguments say, prints the pid, and stays. */
import { spawnChild } from "../../src/cli/spawn_child.ts";

const child = spawnChild({ argv: process.argv.slice(2) });
console.log(child.pid);
await new Promise(() => setInterval(() => {}, 60_000));

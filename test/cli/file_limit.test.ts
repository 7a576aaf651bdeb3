import { expect, test } from "bun:test";
import * as path from "node:path";
import { refuseBunOptions } from "../../src/cli/bun_options.ts";
import { ROOT } from "../support/binary.ts";

const MODULE = path.join(ROOT, "src/cli/file_limit.ts");

/** Calls raiseFileLimit() in a process that a shell gave these limits. */
function under(limits: string, least: number) {
  const code = `console.log(JSON.stringify(require(${JSON.stringify(MODULE)}).raiseFileLimit(${least})))`;
  // prlimit sets them on the process itself: Bun raises its soft limit to the hard one when it starts.
  const lower = `require("node:child_process").spawnSync("prlimit", ["--pid", String(process.pid), "--nofile=${limits}"])`;
  const child = Bun.spawnSync([process.execPath, "-e", `${lower}; ${code}`]);
  return JSON.parse(child.stdout.toString());
}

test("raiseFileLimit() raises the soft limit as far as is asked", () => {
  expect(under("256:8000", 4_096)).toEqual({ soft: 4_096, hard: 8_000, raisedFrom: 256 });
});

test("raiseFileLimit() leaves a limit that is high enough", () => {
  expect(under("5000:8000", 4_096)).toEqual({ soft: 5_000, hard: 8_000 });
});

test("raiseFileLimit() goes to the hard limit and warns when that is too low", () => {
  expect(under("256:1024", 4_096)).toEqual({
    soft: 1_024,
    hard: 1_024,
    raisedFrom: 256,
    warning: expect.stringContaining("may have 1024 files open, and 4096 are asked for"),
  });
});

test("refuseBunOptions() names what BUN_OPTIONS holds, and takes an environment without it", () => {
  expect(refuseBunOptions({ BUN_OPTIONS: "--preload=/x.js" })).toContain('it is "--preload=/x.js"; unset it');
  expect(refuseBunOptions({})).toBeUndefined();
  expect(refuseBunOptions({ BUN_OPTIONS: " " })).toBeUndefined();
});

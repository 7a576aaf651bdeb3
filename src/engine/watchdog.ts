import { HEART_NODE, HEART_STEPS } from "./scheduler.ts";

export interface WatchdogOptions {
  /** Two integers over shared memory, given to the engine as well. */
  heart: Int32Array;
  /** Node ids by index. */
  nodes: readonly string[];
  /** A node that runs this long without coming back ends the process with code 1; 0 only warns. */
  exitSec: number;
  /** Written to stdout before the process ends; `$NODE` and `$SECONDS` are replaced. */
  report?: string;
}

/** Why 10 s: far beyond any sound node, and early enough to be seen before the process is ended. */
const WARN_SEC = 10;

export interface Watchdog {
  stop(): void;
}

export function newHeart(): Int32Array {
  const heart = new Int32Array(new SharedArrayBuffer(8));
  heart[HEART_NODE] = -1;
  return heart;
}

/**
 * Watches from a thread of its own whether the engine's thread still comes back from its nodes.
 *
 * A `process` that loops for ever holds the only thread that runs nodes, so nothing on that thread can
 * name it, write a report or end the run. This one can.
 */
export function startWatchdog({ heart, nodes, exitSec, report = "" }: WatchdogOptions): Watchdog {
  const worker = new Worker(URL.createObjectURL(new Blob([WATCH])));
  (worker as Worker & { unref(): void }).unref();
  const warnSec = exitSec > 0 ? Math.min(WARN_SEC, exitSec / 2) : WARN_SEC;
  worker.postMessage({ heart, nodes, exitSec, warnSec, report, steps: HEART_STEPS, node: HEART_NODE });
  return { stop: () => worker.terminate() };
}

/**
 * Runs in the thread; text, so that a compiled binary needs no second entry file.
 * `process.exit` in a worker ends the worker alone, hence libc's `_exit`; where that cannot be had,
 * SIGKILL is what is left (exit code 137).
 */
const WATCH = `
const { writeSync } = require("node:fs");
const LIBC = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1", "libSystem.B.dylib", "ucrtbase.dll"];
function end() {
  const { dlopen } = require("bun:ffi");
  for (const name of LIBC) {
    try {
      dlopen(name, { _exit: { args: ["int"], returns: "void" } }).symbols._exit(1);
    } catch {}
  }
  process.kill(process.pid, "SIGKILL");
}
self.onmessage = ({ data: { heart, nodes, exitSec, warnSec, report, steps, node } }) => {
  let seen = -1;
  let sinceMs = performance.now();
  let warned = false;
  setInterval(() => {
    const now = performance.now();
    if (heart[node] < 0 || heart[steps] !== seen) {
      seen = heart[steps];
      sinceMs = now;
      warned = false;
      return;
    }
    const stuckSec = (now - sinceMs) / 1000;
    const id = nodes[heart[node]];
    const seconds = String(Math.round(stuckSec * 10) / 10);
    if (!warned && stuckSec >= warnSec) {
      warned = true;
      writeSync(2, 'NODE_STALLED node "' + id + '" has not returned from its call for ' + seconds + " s; nothing else can run meanwhile\\n");
    }
    if (exitSec > 0 && stuckSec >= exitSec) {
      writeSync(2, 'NODE_STALLED node "' + id + '" held the run for ' + seconds + " s: the process ends with code 1; mend the node, or raise --stall-seconds\\n");
      if (report) writeSync(1, report.replaceAll("$NODE", id).replaceAll("$SECONDS", seconds) + "\\n");
      end();
    }
  }, Math.min(1000, warnSec * 250));
};
`;

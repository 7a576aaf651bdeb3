import type { Cancel, Clock } from "../base/clock.ts";
import { HEART_NODE, HEART_STEPS } from "./scheduler.ts";

export interface WatchdogOptions {
  /** For the beat of the watched thread. */
  clock: Clock;
  /** Two integers over shared memory, given to the engine as well. */
  heart: Int32Array;
  /** Node ids by index. */
  nodes: readonly string[];
  /** A node that runs this long without coming back ends the process with code 1; 0 only warns. */
  exitSec: number;
  /** The run report as it stands then; `$NODE` and `$SECONDS` are replaced. */
  report?: string;
  /** Where it is written before the process ends: standard output (the default), files. */
  reportTo?: readonly (1 | string)[];
}

/** While the thread's event loop turns it beats this often, so that a pause between two packets is no stall. */
const BEAT_MS = 1_000;
/** In place of a node while the thread waits for something outside, such as a full pipe. */
const HEART_OUTSIDE = -2;
/** Why 10 s: far beyond any sound node, and early enough to be seen before the process is ended. */
const WARN_SEC = 10;

export interface Watchdog {
  stop(): void;
  /** Another graph runs from here on. */
  follow(graph: { nodes: readonly string[]; report: string }): void;
}

export function newHeart(): Int32Array {
  const heart = new Int32Array(new SharedArrayBuffer(8));
  heart[HEART_NODE] = -1;
  return heart;
}

/** Calls `wait`, which may keep the thread waiting for something outside: that is not the node's doing, and no stall. */
export function whileOutside(heart: Int32Array, wait: () => void) {
  const node = heart[HEART_NODE]!;
  heart[HEART_NODE] = HEART_OUTSIDE;
  try {
    wait();
  } finally {
    heart[HEART_NODE] = node;
  }
}

/**
 * Watches from a thread of its own whether the engine's thread still comes back from its nodes.
 *
 * A `process` that loops for ever holds the only thread that runs nodes, so nothing on that thread can
 * name it, write a report or end the run. This one can. Code of a node that runs after its call returned a
 * promise cannot be told from another node's, so it is caught and not named.
 */
export function startWatchdog({
  clock,
  heart,
  nodes,
  exitSec,
  report = "",
  reportTo = [1],
}: WatchdogOptions): Watchdog {
  const worker = new Worker(URL.createObjectURL(new Blob([WATCH])));
  (worker as Worker & { unref(): void }).unref();
  const warnSec = exitSec > 0 ? Math.min(WARN_SEC, exitSec / 2) : WARN_SEC;
  const places = { steps: HEART_STEPS, node: HEART_NODE, outside: HEART_OUTSIDE };
  worker.postMessage({ heart, nodes, exitSec, warnSec, report, reportTo, ...places });
  let cancel: Cancel;
  const beat = () => {
    heart[HEART_STEPS]! += 1;
    cancel = clock.setTimer(beat, BEAT_MS);
  };
  beat();
  return {
    follow: ({ nodes, report }) => worker.postMessage({ nodes, report }),
    stop() {
      cancel();
      worker.terminate();
    },
  };
}

/**
 * Runs in the thread; text, so that a compiled binary needs no second entry file.
 * `process.exit` in a worker ends the worker alone, hence libc's `_exit`; where that cannot be had,
 * SIGKILL is what is left (exit code 137).
 */
const WATCH = `
const { writeFileSync, writeSync } = require("node:fs");
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
let graph;
self.onmessage = ({ data }) => {
  const isFirst = graph === undefined;
  graph = { nodes: data.nodes, report: data.report };
  if (isFirst) watch(data);
};
function watch({ heart, exitSec, warnSec, reportTo, steps, node, outside }) {
  const everyMs = Math.min(1000, warnSec * 250);
  let seen = -1;
  let lastMs = performance.now();
  let stuckMs = 0;
  let warned = false;
  setInterval(() => {
    const now = performance.now();
    // Two ticks at most: a process that was stopped and goes on has not been stuck meanwhile.
    stuckMs += Math.min(now - lastMs, 2 * everyMs);
    lastMs = now;
    if (heart[node] === outside || heart[steps] !== seen) {
      seen = heart[steps];
      stuckMs = 0;
      warned = false;
      return;
    }
    const stuckSec = stuckMs / 1000;
    const { nodes, report } = graph;
    const id = nodes[heart[node]] ?? "(one whose call goes on)";
    const seconds = String(Math.round(stuckSec * 10) / 10);
    if (!warned && stuckSec >= warnSec) {
      warned = true;
      writeSync(2, 'NODE_STALLED node "' + id + '" has not returned from its call for ' + seconds + " s; nothing else can run meanwhile\\n");
    }
    if (exitSec > 0 && stuckSec >= exitSec) {
      writeSync(2, 'NODE_STALLED node "' + id + '" held the run for ' + seconds + " s: the process ends with code 1; mend the node, or raise --stall-seconds\\n");
      const line = report.replaceAll("$NODE", () => id).replaceAll("$SECONDS", seconds) + "\\n";
      for (const place of report ? reportTo : []) {
        try {
          if (place === 1) writeSync(1, line);
          else writeFileSync(place, line);
        } catch (error) {
          writeSync(2, "cannot write the report: " + error.message + "\\n");
        }
      }
      end();
    }
  }, everyMs);
}
`;

import { systemClock } from "../base/clock.ts";
import type { GraphPlan } from "../graph/index.ts";
import { diskFiles } from "../node/index.ts";
import { createRedactor, type Log } from "../observe/index.ts";
import { openMortal } from "../store/index.ts";
import type { Machine, OpenState, StateOptions } from "../trial/index.ts";
import { exchange } from "./exchange.ts";
import { runInference } from "./run_inference.ts";
import { openRunState } from "./run_state.ts";
import { spawnChild } from "./spawn_child.ts";
import type { Terminal } from "./terminal.ts";

const quiet = () => {};
/** What a run in a test would log is in its results. */
const NO_LOG = { debug: quiet, info: quiet, warn: quiet, error: quiet } as unknown as Log;

/** This machine for tests. Close it after the last one: it may have models open. */
export function testMachine(
  folder: string,
  bounds: Pick<Machine, "maxCaseMs" | "scratch" | "heart">,
  terminal: Terminal,
): Machine & { close(): Promise<void> } {
  const inference = runInference(diskFiles({ base: folder }), NO_LOG, terminal);
  return {
    ...bounds,
    clock: systemClock,
    real: {
      fetch: globalThis.fetch,
      resolve: async (name) => (await import("./serve_node.ts")).resolveName(name),
      serve: async (options) => (await import("./serve_node.ts")).serveNode(options),
      spawn: spawnChild,
      exchange,
      ffmpeg: async (configured) => (await import("../media/index.ts")).findFfmpeg(configured),
      inference,
    },
    openState: (plan, options) => openTestState(plan, options, terminal),
    close: () => inference.close(),
  };
}

/** Queues in this thread that die when they are told to. A test is not to survive a power cut, so nothing is synced. */
async function openTestState(plan: GraphPlan, options: StateOptions, terminal: Terminal): Promise<OpenState> {
  const { dir, clock, full } = options;
  const dying: (() => void)[] = [];
  let alive = true;
  const state = await openRunState(plan, {
    ...{ base: dir, networkDisk: true, log: NO_LOG, redactor: createRedactor(), terminal, clock },
    async openFile(file, asked) {
      const { queue, die } = await openMortal(file, { ...asked, ballastBytes: 0, durability: "relaxed", full });
      dying.push(die);
      return queue;
    },
  });
  const { checkpoints } = state ?? {};
  const openCheckpoints = async () => {
    const store = await checkpoints!.open();
    dying.push(() => void store.close());
    return mortal(store, () => alive);
  };
  return {
    host: {
      ...(state && { durable: state.durable, blobs: state.blobs }),
      ...(checkpoints && { checkpoints: { ...checkpoints, open: openCheckpoints } }),
    },
    close: async () => state?.close(),
    die() {
      for (const die of dying) die();
      alive = false;
    },
  };
}

/** `target` whose calls never come back once the process is dead. */
function mortal<Target extends object>(target: Target, alive: () => boolean): Target {
  const get = (_: Target, name: string | symbol) => {
    const value: unknown = Reflect.get(target, name, target);
    if (typeof value !== "function") return value;
    return (...given: unknown[]) => (alive() ? Reflect.apply(value, target, given) : new Promise(() => {}));
  };
  return new Proxy({} as Target, { get });
}

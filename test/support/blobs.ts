import * as path from "node:path";
import { type BlobDisk, BlobStore, type BlobStoreOptions, openQueue, realDisk } from "../../src/store/index.ts";
import { type VirtualClock, virtualClock } from "./clock.ts";
import { temporaryFolder } from "./folder.ts";

export interface TestBlobs {
  /** The state directory. */
  path: string;
  /** Where the blobs are. */
  folder: string;
  clock: VirtualClock;
  events: { level: string; message: string; fields: Readonly<Record<string, unknown>> }[];
  blobs: BlobStore;
  /** Opens it again as a restart does, after `close` or as if this process had been killed. */
  reopen(options?: Partial<BlobStoreOptions>): BlobStore;
  /** Rows get two tries. */
  queue(name: string): ReturnType<typeof openQueue>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A blob store on the real disk and a virtual clock; it sweeps when told, and looks through rows without pauses. */
export function testBlobs(given: Partial<BlobStoreOptions> = {}): TestBlobs {
  const state = temporaryFolder();
  const clock = virtualClock();
  const events: TestBlobs["events"] = [];
  const onEvent: BlobStoreOptions["onEvent"] = (level, message, fields) => void events.push({ level, message, fields });
  const folder = path.join(state.path, "blobs");
  const open = (more: Partial<BlobStoreOptions> = {}) =>
    new BlobStore(folder, { clock, onEvent, paceMs: 0, sweepMs: 1e15, ...given, ...more });
  const test: TestBlobs = {
    path: state.path,
    folder,
    clock,
    events,
    blobs: open(),
    reopen(options) {
      test.blobs = open(options);
      return test.blobs;
    },
    queue: (name) => openQueue(path.join(state.path, "queues", `${name}.sqlite3`), { clock, onEvent, maxAttempts: 2 }),
    async [Symbol.asyncDispose]() {
      await test.blobs.close();
      state[Symbol.dispose]();
    },
  };
  return test;
}

/** The real disk; every call is noted, and one that `fault` has an error for fails with it. */
export function watchedDisk(fault: (call: string, file: string) => string | undefined = () => undefined) {
  const calls: string[] = [];
  const watch =
    <Args extends [string, ...unknown[]], Result>(name: string, call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      calls.push(`${name} ${args.filter((arg) => typeof arg === "string").join(" ")}`);
      const code = fault(name, args[0]);
      if (code !== undefined) throw Object.assign(new Error(`${code}: planted`), { code });
      return call(...args);
    };
  const disk = Object.fromEntries(
    Object.entries(realDisk).map(([name, call]) => [name, watch(name, call as (file: string) => Promise<unknown>)]),
  ) as unknown as BlobDisk;
  return { disk, calls };
}

export const bytesOf = (text: string) => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

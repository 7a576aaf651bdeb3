import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import {
  type Checkpoint,
  type CheckpointStore,
  openCheckpoints,
  openCheckpointsInline,
  packState,
} from "../../src/store/index.ts";
import { workerThread } from "../../src/store/worker_thread.ts";
import { temporaryFolder } from "../support/folder.ts";

/** A folder with a state file in it, and what the file's guards told. */
function setup() {
  const folder = temporaryFolder();
  const file = path.join(folder.path, "state.sqlite3");
  const told: string[] = [];
  const options = {
    clock: systemClock,
    onEvent: (level: string, message: string) => void told.push(`${level}: ${message}`),
  };
  return {
    ...{ file, told },
    inline: () => openCheckpointsInline(file, options),
    worker: () => openCheckpoints(file, options),
    async with<Result>(work: (store: CheckpointStore) => Promise<Result>): Promise<Result> {
      const store = openCheckpointsInline(file, options);
      try {
        return await work(store);
      } finally {
        await store.close();
      }
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** A checkpoint of nodes and what each knows. */
function checkpoint(states: Record<string, unknown>, rest: Partial<Checkpoint> = {}): Checkpoint {
  const taken = Object.entries(states).map(([part, state]) => ({
    part,
    kind: "count",
    version: 1,
    state: packState(state),
  }));
  return { graph: "yard", takenMs: 1_000, states: taken, done: [], ...rest };
}

const statesOf = async (store: CheckpointStore) =>
  Object.fromEntries((await store.read())!.states.map(({ part, state }) => [part, state]));

/** Changes the newest body of `part`, as a disk that flips bits does. */
function damage(file: string, part: string) {
  const db = new Database(file);
  db.run(
    "UPDATE states SET body = zeroblob(length(body)) WHERE part = ?1 AND since = (SELECT max(since) FROM states WHERE part = ?1)",
    [part],
  );
  db.close();
}

describe("a state file", () => {
  test.each(["inline", "worker"] as const)("gives back the newest checkpoint (%s)", async (where) => {
    using box = setup();
    const first = await box[where]();
    expect(await first.read()).toBeUndefined();
    const done = [
      {
        queue: "a.out->b.in",
        runs: [
          { from: 1, to: 4 },
          { from: 6, to: 6 },
        ],
        newestMs: 77,
      },
    ];
    await first.commit(checkpoint({ "node a": { sums: Float64Array.from([1, 2]) } }, { done }));
    await first.close();
    const second = await box[where]();
    expect(await second.read()).toEqual({
      ...{ seq: 1, graph: "yard", takenMs: 1_000, done },
      states: [
        {
          part: "node a",
          kind: "count",
          version: 1,
          takenMs: 1_000,
          bytes: expect.any(Number),
          state: { sums: Float64Array.from([1, 2]) },
          fault: undefined,
        },
      ],
    });
    expect(second.loss).toEqual({ lost: 0, movedTo: undefined });
    await second.close();
  });

  test("writes again only what has changed, and forgets the parts that are not named any more", async () => {
    using box = setup();
    await box.with(async (store) => {
      const large = "x".repeat(10_000);
      expect(await store.commit(checkpoint({ "node a": large, "node b": 1, "node c": 1 }))).toBeGreaterThan(10_000);
      expect(await store.commit(checkpoint({ "node a": large, "node b": 2 }))).toBeLessThan(100);
      expect(await statesOf(store)).toEqual({ "node a": large, "node b": 2 });
    });
  });

  test("forgets rows that are done once their queues have none of them", async () => {
    using box = setup();
    await box.with(async (store) => {
      await store.commit(
        checkpoint({ "node a": 1 }, { done: [{ queue: "q", runs: [{ from: 1, to: 2 }], newestMs: 5 }] }),
      );
      await store.forgetDone();
      expect((await store.read())!.done).toEqual([]);
      expect(await statesOf(store)).toEqual({ "node a": 1 });
    });
  });

  test("takes the state before it when the newest of a node is damaged, and says why", async () => {
    using box = setup();
    await box.with(async (store) => {
      await store.commit(checkpoint({ "node a": 1, "node b": 1 }));
      await store.commit(checkpoint({ "node a": 2, "node b": 2 }, { takenMs: 2_000 }));
    });
    damage(box.file, "node a");
    const kept = await box.with((store) => store.read());
    expect(kept!.states).toMatchObject([
      { part: "node a", state: 1, takenMs: 1_000, fault: "its checksum does not match" },
      { part: "node b", state: 2, takenMs: 2_000, fault: undefined },
    ]);
    damage(box.file, "node a");
    const db = new Database(box.file);
    db.run("UPDATE states SET version = 9 WHERE part = 'node a'");
    db.close();
    const none = await box.with((store) => store.read());
    expect(none!.states[0]).toMatchObject({ state: undefined, fault: "its checksum does not match" });
  });

  test("counts checkpoints that the file lost at its end", async () => {
    using box = setup();
    await box.with(async (store) => void (await store.commit(checkpoint({ "node a": 1 }))));
    fs.copyFileSync(box.file, `${box.file}.old`);
    await box.with(async (store) => {
      await store.commit(checkpoint({ "node a": 2 }));
      await store.commit(checkpoint({ "node a": 3 }));
    });
    fs.renameSync(`${box.file}.old`, box.file);
    const store = box.inline();
    expect(store.loss).toEqual({ lost: 2, movedTo: undefined });
    expect(box.told.join("\n")).toContain("the newest 2 checkpoints are gone, and an older one is used");
    await store.close();
    const again = box.inline();
    expect(again.loss.lost).toBe(0);
    await again.close();
  });

  test.each([
    ["garbage", (file: string) => fs.writeFileSync(file, Buffer.alloc(20_000, 7))],
    ["half of it", (file: string) => fs.truncateSync(file, 6_000)],
  ])("is moved aside when it is damaged (%s), and an empty one takes its place", async (_, spoil) => {
    using box = setup();
    await box.with(async (store) => void (await store.commit(checkpoint({ "node a": "x".repeat(50_000) }))));
    spoil(box.file);
    const store = box.inline();
    expect(store.loss.movedTo).toContain("state.sqlite3.corrupt-");
    expect(fs.existsSync(store.loss.movedTo!)).toBe(true);
    expect(await store.read()).toBeUndefined();
    expect(box.told.join("\n")).toContain(
      "an empty state takes its place; the nodes of the graph begin without their state",
    );
    await store.commit(checkpoint({ "node a": 1 }));
    await store.close();
  });

  test("of a newer schnitzel is refused, and left as it is", async () => {
    using box = setup();
    await box.with(async (store) => void (await store.commit(checkpoint({ "node a": 1 }))));
    const db = new Database(box.file);
    db.run("PRAGMA user_version = 2");
    db.run("CREATE TABLE later (x)");
    db.close();
    fs.rmSync(`${box.file}.hwm`);
    expect(() => box.inline()).toThrow(expect.objectContaining({ code: "QUEUE_NEWER" }));
  });

  test("has one owner: a second open is refused while the first lasts", async () => {
    using box = setup();
    const store = box.inline();
    expect(() => box.inline()).toThrow(expect.objectContaining({ code: "QUEUE_SHARED" }));
    await store.close();
  });

  test("is opened again when the thread it was open in has died", async () => {
    using box = setup();
    const store = await box.worker();
    await store.commit(checkpoint({ "node a": 1 }));
    workerThread.kill();
    const outcome = await store.commit(checkpoint({ "node a": 2 })).catch((error) => error);
    if (outcome instanceof Error) await store.commit(checkpoint({ "node a": 2 }));
    expect(await statesOf(store)).toEqual({ "node a": 2 });
    await store.close();
  });
});

import { describe, expect, test } from "bun:test";
import { KeptLetters } from "../../src/cli/kept_letters.ts";
import type { DeadLetter } from "../../src/observe/index.ts";
import type { DeadEntry } from "../../src/store/index.ts";
import { virtualClock } from "../support/clock.ts";
import { macrotask } from "../support/engine.ts";
import { packet, queueSetup } from "../support/queues.ts";

const AT = "2026-01-01T00:00:00.000Z";
const letter = (at: number, payload: unknown = { at }): DeadLetter => ({
  ...{ packet: packet(at, { payload }), node_id: "check", port: "in", reason: "no" },
  ...{ attempts: 1, first_at: AT, at: AT },
});
const letters = (count: number) => Array.from({ length: count }, (_, at) => letter(at));

/** Keeps into a real queue, whose disk fails for so many writes. */
async function keeping(failures: number) {
  const made = await queueSetup();
  const clock = virtualClock();
  const logged: [string, string, unknown][] = [];
  const note = (level: string) => (message: string, fields?: object) => void logged.push([level, message, fields]);
  const log = { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") };
  const waits: number[] = [];
  const state = { failures };
  const setAside = (rows: readonly DeadEntry[]) => {
    if (state.failures === 0) return made.letters.setAside(rows);
    state.failures -= 1;
    return Promise.reject(new Error("QUEUE_UNWRITABLE: the disk fails"));
  };
  const kept = new KeptLetters({ setAside }, { clock, log });
  return {
    ...{ kept, logged, waits, state },
    keep: (all: readonly DeadLetter[]) => all.forEach((one) => void kept.keep(one)),
    /** Lets it try until it waits for nothing, or so often. */
    async passes(tries = 99) {
      for (let done = 0; done < tries; done++) {
        await macrotask();
        const waitMs = clock.nextInMs;
        if (waitMs === undefined) return;
        waits.push(waitMs);
        clock.advance(waitMs);
      }
      await macrotask();
    },
    dead: async () => (await made.letters.dead(0, 20_000)).length,
    [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
  };
}

describe("dead letters whose write failed", () => {
  test("are asked for again, after growing waits, until they are on the disk", async () => {
    await using given = await keeping(8);
    given.keep(letters(600));
    await given.passes();
    expect(await given.dead()).toBe(600);
    expect(given.waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    expect(given.logged).toEqual([
      [
        "error",
        "dead letters cannot be written and are tried again until they can",
        expect.objectContaining({ waiting: 600 }),
      ],
      ["info", "dead letters are written again", { tries: 8 }],
    ]);
  });

  test("are tried once more when the run ends, without the rest of the wait", async () => {
    await using given = await keeping(3);
    given.keep(letters(5));
    await given.passes(2);
    await macrotask();
    given.state.failures = 0;
    await given.kept.close();
    expect(await given.dead()).toBe(5);
  });

  test("and cannot be written by the end of the run are counted", async () => {
    await using given = await keeping(Number.POSITIVE_INFINITY);
    given.keep(letters(300));
    await given.passes(3);
    await given.kept.close();
    expect(await given.dead()).toBe(0);
    expect(given.logged.at(-1)).toEqual([
      "error",
      "dead letters could not be kept",
      { count: 300, reason: "QUEUE_UNWRITABLE: the disk fails" },
    ]);
  });

  test.each([
    ["10,000", 10_000, letters(10_100)],
    ["64 MiB of them", 4, Array.from({ length: 6 }, (_, at) => letter(at, "x".repeat(16_000_000)))],
  ])("wait in memory up to %s; those beyond are counted, told once, and the others are kept", async (_, room, all) => {
    await using given = await keeping(1);
    given.keep(all);
    await given.passes();
    expect(await given.dead()).toBe(room);
    const lost = given.logged.filter(([, message]) => message === "dead letters could not be kept");
    expect(lost).toEqual([["error", expect.any(String), expect.objectContaining({ count: all.length - room })]]);
  });
});

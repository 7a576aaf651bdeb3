import { expect, test } from "bun:test";
import * as path from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import { openQueue } from "../../src/store/index.ts";
import { temporaryFolder } from "../support/folder.ts";

const KILLS = 25;

/** Runs the child until it has said something, then kills it at a random instant. */
async function runAndKill(file: string, round: number, afterMs: number): Promise<string[]> {
  const child = Bun.spawn([process.execPath, path.join(import.meta.dir, "kill_child.ts"), file, String(round)], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const reader = child.stdout.getReader();
  let text = "";
  const decoder = new TextDecoder();
  let killer: Timer | undefined;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += decoder.decode(part.value);
    killer ??= setTimeout(() => child.kill("SIGKILL"), afterMs);
  }
  clearTimeout(killer);
  await child.exited;
  if (child.signalCode !== "SIGKILL") throw new Error(`the child ended by itself: ${await child.stderr.text()}`);
  // A line that was cut off was not said.
  return text.split("\n").slice(0, -1);
}

test(`nothing acknowledged is lost in ${KILLS} kills, and the file is sound after each`, async () => {
  using folder = temporaryFolder();
  const file = path.join(folder.path, "q.sqlite3");
  const random = seededRandom(7);
  const acknowledged = new Set<string>();
  const delivered = new Set<string>();
  for (let round = 0; round < KILLS; round++) {
    const said = await runAndKill(file, round, random.float() * 60);
    for (const line of said) {
      const [word, ...keys] = line.split(" ");
      for (const key of keys) (word === "e" ? acknowledged : delivered).add(key);
    }
    expect(said.filter((line) => line.startsWith("damaged"))).toEqual([]);
  }
  const queue = await openQueue(file, { clock: systemClock, maxAttempts: 1_000, onEvent() {} });
  expect(await queue.verify()).toEqual([]);
  const waiting = new Set((await queue.scan(0, 1_000_000)).map(({ key }) => key));
  expect([...acknowledged].filter((key) => !delivered.has(key) && !waiting.has(key))).toEqual([]);
  expect(queue.stats()).toMatchObject({ dead: 0, damaged: 0, tailLost: 0 });
  // The loop did something: every round was acknowledged rows, and some were delivered.
  expect(acknowledged.size).toBeGreaterThan(KILLS * 8);
  expect(delivered.size).toBeGreaterThan(KILLS * 5);
  await queue.close();
}, 60_000);

test("a second process is refused while the first has the file, and told which one that is", async () => {
  using folder = temporaryFolder();
  const file = path.join(folder.path, "q.sqlite3");
  const child = Bun.spawn([process.execPath, path.join(import.meta.dir, "kill_child.ts"), file, "0"], {
    stdout: "pipe",
  });
  await child.stdout.getReader().read();
  const open = () => openQueue(file, { clock: systemClock, onEvent() {} });
  await expect(open()).rejects.toThrow(`QUEUE_BUSY: cannot open queue ${file}: process ${child.pid}`);
  child.kill("SIGKILL");
  await child.exited;
  await (await open()).close();
});

import { expect, test } from "bun:test";
import * as path from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import { BlobStore, entryCodec, openQueue, restore } from "../../src/store/index.ts";
import { virtualClock } from "../support/clock.ts";
import { temporaryFolder } from "../support/folder.ts";
import { packet } from "../support/node.ts";

const KILLS = 20;

/** Runs the child until it has said something, then kills it at a random instant. */
async function runAndKill(folder: string, round: number, afterMs: number): Promise<string[]> {
  const file = path.join(import.meta.dir, "blobs_kill_child.ts");
  const child = Bun.spawn([process.execPath, file, folder, String(round)], { stdout: "pipe", stderr: "pipe" });
  let text = "";
  let killer: Timer | undefined;
  const decoder = new TextDecoder();
  for await (const part of child.stdout) {
    text += decoder.decode(part);
    killer ??= setTimeout(() => child.kill("SIGKILL"), afterMs);
  }
  clearTimeout(killer);
  await child.exited;
  if (child.signalCode !== "SIGKILL") throw new Error(`the child ended by itself: ${await child.stderr.text()}`);
  // A line that was cut off was not said.
  return text.split("\n").slice(0, -1);
}

test(`no row is without its blob after ${KILLS} kills, and no blob is left for ever`, async () => {
  using folder = temporaryFolder();
  const random = seededRandom(3);
  const said: string[] = [];
  for (let round = 0; round < KILLS; round++) said.push(...(await runAndKill(folder.path, round, random.float() * 80)));
  expect(said.filter((line) => line.startsWith("!"))).toEqual([]);
  const kept = said.filter((line) => line.startsWith("e ")).length;
  expect(kept).toBeGreaterThan(KILLS * 2);

  const clock = virtualClock();
  const options = { onEvent: (_: string, message: string) => expect.unreachable(message) };
  const blobs = new BlobStore(path.join(folder.path, "blobs"), { ...options, clock, paceMs: 0 });
  const inner = await openQueue(path.join(folder.path, "queues", "q.sqlite3"), { ...options, clock: systemClock });
  const queue = await blobs.watch(inner);
  const rows = await queue.scan(0, 1_000_000);
  const contents = new Set<string>();
  for (const row of rows) {
    const one = packet(entryCodec.decode(row));
    expect((await restore(one, blobs))!.payload).toHaveLength(10_000);
    contents.add((one.payload as { ref: { sha256: string } }).ref.sha256);
  }
  expect(rows.length).toBeGreaterThan(0);
  clock.advance(1_000_000_000);
  await blobs.settled();
  await blobs.sweep();
  // What is there now is what the rows name, and nothing else.
  expect(blobs.stats()).toMatchObject({ blobs: contents.size, damaged: 0, missing: 0 });
  await queue.close();
  await blobs.close();
}, 60_000);

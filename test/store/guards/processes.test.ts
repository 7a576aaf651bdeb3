import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { seededRandom } from "../../../src/base/random.ts";
import { readPragma, readRow } from "../../../src/store/pragma.ts";
import { FIRST, guardedFile, keysIn, SECOND } from "./setup.ts";

const ROWS = 30_000;
const KILLS = 12;

/** Starts the child, kills it so long after it began, and says whether it had finished. */
async function killWhileMigrating(file: string, afterMs: number): Promise<boolean> {
  const child = Bun.spawn([process.execPath, path.join(import.meta.dir, "migrating_child.ts"), file], {
    stdout: "pipe",
  });
  let said = "";
  const decoder = new TextDecoder();
  let killer: Timer | undefined;
  for await (const part of child.stdout) {
    said += decoder.decode(part);
    killer ??= setTimeout(() => child.kill("SIGKILL"), afterMs);
  }
  clearTimeout(killer);
  await child.exited;
  return said.includes("done");
}

test(`a process that is killed while it migrates leaves the old version or the new one, whole, ${KILLS} times`, async () => {
  using at = guardedFile();
  const first = at.open();
  first.db.run(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
     INSERT INTO packets (key, payload) SELECT 'k' || i, '"' || hex(zeroblob(40)) || '"' FROM n`,
  );
  first.guards.afterCommit(ROWS);
  first.guards.close();
  const original = fs.readFileSync(at.file);
  const random = seededRandom(3);
  const versions: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    fs.writeFileSync(at.file, original);
    const done = await killWhileMigrating(at.file, random.float() * 120);
    const after = at.open({ migrations: [FIRST, SECOND].slice(0, versionIn(at.file)) });
    const version = readPragma(after.db, "user_version");
    versions.push(version);
    if (done) expect(version).toBe(2);
    const rows = readRow<{ n: number; last: number }>(after.db, "SELECT count(*) AS n, max(seq) AS last FROM packets");
    expect([rows, after.movedTo, after.guards.tailLost]).toEqual([{ n: ROWS, last: ROWS }, undefined, 0]);
    after.guards.close();
  }
  // Some were killed before the commit, so a kill in between was among them.
  expect(versions).toContain(1);
}, 60_000);

/** As its header has it, the log applied: what a program of that version would find. */
function versionIn(file: string): number {
  const { Database } = require("bun:sqlite") as typeof import("bun:sqlite");
  const db = new Database(file);
  try {
    return readPragma(db, "user_version");
  } finally {
    db.close();
  }
}

test("a second process is told who has the file, and gets it when that one is killed", async () => {
  using at = guardedFile();
  const holder = Bun.spawn([process.execPath, path.join(import.meta.dir, "holding_child.ts"), at.file, "yard.yaml"], {
    stdout: "pipe",
    stdin: "pipe",
  });
  const reader = holder.stdout.getReader();
  await reader.read();
  const name = path.basename(process.execPath);
  expect(() => at.open()).toThrow(
    `QUEUE_BUSY: cannot open queue ${at.file}: process ${holder.pid} on ${os.hostname()} (${name} ${at.file} yard.yaml) has it`,
  );
  holder.kill("SIGKILL");
  await holder.exited;
  expect(keysIn(at.open().db)).toEqual(["held"]);
});

test("the owner's note of a process that is gone names nobody", async () => {
  using at = guardedFile();
  const holder = Bun.spawn([process.execPath, path.join(import.meta.dir, "holding_child.ts"), at.file], {
    stdout: "pipe",
    stdin: "pipe",
  });
  await holder.stdout.getReader().read();
  const gone = Bun.spawnSync([process.execPath, "-e", "console.log(process.pid)"]).stdout.toString().trim();
  fs.writeFileSync(`${at.file}.owner`, JSON.stringify({ pid: Number(gone), host: os.hostname(), command: "x" }));
  expect(() => at.open()).toThrow("another process has it");
  holder.kill("SIGKILL");
  await holder.exited;
});

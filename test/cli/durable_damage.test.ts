import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { cameOut, startWebhook, until, WEBHOOK_QUEUE, webhookGraph } from "../support/webhook.ts";

const ROWS = 200;
const FILE = `state/${WEBHOOK_QUEUE}`;

/** A folder in whose queue `ROWS` rows wait, `{i: 0}` to `{i: 199}`, and no process has it. */
async function backlog() {
  const packets = Array.from(
    { length: ROWS },
    (_, i) =>
      `{"packet_id":"p${i}","ts":"2026-05-01T12:00:00Z","kind":"raw","source_id":"s","payload":{"i":${i},"text":"${"x".repeat(300)}"},"meta":{}}`,
  );
  const folder = folderWith({ "g.yaml": webhookGraph(), "rows.jsonl": `${packets.join("\n")}\n` });
  // Once without packets, so that the queue is there.
  await run(["run", "g.yaml", "--state-dir", "state", "--max-seconds", "0.1"], { cwd: folder.folder });
  const made = await run(
    ["queue", "import", "g.yaml", "hook->out", "--from", "rows.jsonl", "--state-dir", "state", "--yes"],
    { cwd: folder.folder },
  );
  if (made.code !== 0) throw new Error(made.stderr);
  return folder;
}
const state = (folder: { at(name: string): string }) => folder.at(FILE).replace(/[^/]*$/, "");
const queue = (cwd: string, verb: string, ...args: string[]) =>
  run(["queue", verb, "yard", "--state-dir", "state", ...args], { cwd });

describe("a stopped queue in which a disk changed bytes of rows", () => {
  test("delivers the others, and the damaged ones never: each is counted, logged and a dead letter", async () => {
    using folder = await backlog();
    // As a bit that flips in a payload: one byte of the text of these rows, found by what stands around it.
    const bytes = fs.readFileSync(folder.at(FILE));
    const hit = [7, 50, 123, 199];
    for (const i of hit) {
      const at = bytes.indexOf(`{"i":${i},"text":"xxx`);
      expect(at).toBeGreaterThan(0);
      bytes[at + 30]! ^= 1;
    }
    fs.writeFileSync(folder.at(FILE), bytes);
    const verified = await queue(folder.folder, "verify");
    expect([verified.code, verified.stdout]).toEqual([1, expect.stringContaining("4 ")]);
    await using hook = await startWebhook(folder.folder);
    await until(() => cameOut(folder.folder).length === ROWS - hit.length);
    expect((await hook.post(1_000)).status).toBe(202);
    await until(() => cameOut(folder.folder).includes(1_000));
    const { code, report, stderr } = await hook.stop();
    expect(cameOut(folder.folder)).toEqual([
      ...Array.from({ length: ROWS }, (_, i) => i).filter((i) => !hit.includes(i)),
      1_000,
    ]);
    expect([code, report.edges[0].durable]).toEqual([
      0,
      expect.objectContaining({ damaged: 4, dead: 4, ready: 0, tail_lost: 0 }),
    ]);
    expect(report.status).toBe("degraded");
    expect(stderr).toMatch(
      /error \[out\] set aside reason="rows that were not handed out any more: 4 damaged: their checksum does not match" .*rows=4/,
    );
  }, 30_000);
});

/** What is done to the files of the stopped queue, and how many rows `repair` has to find at least. */
const HARMS: readonly (readonly [what: string, harm: (file: string) => void, salvaged: number])[] = [
  ["garbage", (file) => fs.writeFileSync(file, Buffer.alloc(50_000, "garbage")), 0],
  ["zeroed", (file) => fs.writeFileSync(file, Buffer.alloc(fs.statSync(file).size)), 0],
  ["its first page zeroed", (file) => write(file, 0, Buffer.alloc(4_096)), 100],
  ["a page in its middle zeroed", (file) => write(file, 4_096 * 30, Buffer.alloc(4_096)), 100],
  ["cut to half", (file) => fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2)), 10],
  ["cut to 100 bytes", (file) => fs.truncateSync(file, 100), 0],
  ["its header scribbled over", (file) => write(file, 0, Buffer.from("no database at all")), 100],
];

function write(file: string, at: number, bytes: Uint8Array) {
  const fd = fs.openSync(file, "r+");
  fs.writeSync(fd, bytes, 0, bytes.length, at);
  fs.closeSync(fd);
}

describe("a run whose queue file is", () => {
  for (const [what, harm, salvaged] of HARMS) {
    test(`${what} starts, says so, keeps the damaged file and takes packets; repair saves what can be read`, async () => {
      using folder = await backlog();
      harm(folder.at(FILE));
      {
        await using hook = await startWebhook(folder.folder);
        expect((await hook.post(1_000)).status).toBe(202);
        await until(() => cameOut(folder.folder).includes(1_000));
        const { code, stderr } = await hook.stop();
        expect(code).toBe(0);
        expect(stderr).toMatch(
          /error queue \S+ it is damaged \(.*\): it was moved to \S+\.corrupt-\S+, and an empty queue takes its place; what it held can be read back with: schnitzel queue repair/,
        );
      }
      const aside = fs.readdirSync(state(folder)).filter((name) => /\.corrupt-\d+T\d+Z$/.test(name));
      expect(aside).toHaveLength(1);
      const repaired = await queue(folder.folder, "repair", "--yes");
      expect(repaired.code).toBe(0);
      const rows = JSON.parse(
        (await queue(folder.folder, "peek", "hook->out", "--json", "--limit", "1000")).stdout,
      ).rows;
      expect(rows.length).toBeGreaterThanOrEqual(salvaged);
      const before = rows.length;
      const last = await startWebhook(folder.folder);
      await until(() => cameOut(folder.folder).length === 1 + before);
      expect((await last.stop()).code).toBe(0);
      // Nothing comes out that did not go in.
      expect(cameOut(folder.folder).filter((i) => i !== 1_000 && !(i >= 0 && i < ROWS))).toEqual([]);
    }, 40_000);
  }

  test("missing while its log is there starts, and keeps the log", async () => {
    using folder = folderWith({ "g.yaml": webhookGraph() });
    {
      await using hook = await startWebhook(folder.folder);
      for (let i = 0; i < 20; i++) expect((await hook.post(i)).status).toBe(202);
      process.kill(hook.program.pid, "SIGKILL");
    }
    expect(fs.statSync(folder.at(`${FILE}-wal`)).size).toBeGreaterThan(0);
    fs.rmSync(folder.at(FILE));
    await using again = await startWebhook(folder.folder);
    expect((await again.post(1_000)).status).toBe(202);
    const { code, stderr } = await again.stop();
    expect([code, stderr]).toEqual([0, expect.stringContaining("only its log is there")]);
    expect(fs.readdirSync(state(folder)).filter((name) => /\.corrupt-.*-wal$/.test(name))).toHaveLength(1);
  }, 30_000);

  test("there and its log was deleted starts and counts exactly the rows that were in the log", async () => {
    using folder = folderWith({ "g.yaml": webhookGraph() });
    {
      await using hook = await startWebhook(folder.folder);
      for (let i = 0; i < 20; i++) expect((await hook.post(i)).status).toBe(202);
      process.kill(hook.program.pid, "SIGKILL");
    }
    fs.rmSync(folder.at(`${FILE}-wal`));
    fs.copyFileSync(folder.at(FILE), folder.at("copy"));
    const copy = new Database(folder.at("copy"));
    const { given } = copy.query("SELECT given FROM totals").get() as { given: number };
    copy.close();
    await using again = await startWebhook(folder.folder);
    expect((await again.post(5_000)).status).toBe(202);
    const { code, report, stderr } = await again.stop();
    expect([code, given < 20, report.edges[0].durable.tail_lost]).toEqual([0, true, 20 - given]);
    expect(stderr).toMatch(
      new RegExp(`error queue .* so ${20 - given} numbers are missing; those not acknowledged before are lost`),
    );
  }, 30_000);
});

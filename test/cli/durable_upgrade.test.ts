import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { openInline } from "../../src/store/index.ts";
import { binary, run } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";
import { cameOut, startWebhook, until, WEBHOOK_QUEUE, webhookGraph } from "../support/webhook.ts";

const FILE = `state/${WEBHOOK_QUEUE}`;
const ROWS = 50;

/** A queue as version 1 left it: its tables, and a backlog whose checksums are those of the rows. */
async function backlogOfVersion1() {
  const folder = folderWith({ "g.yaml": webhookGraph() });
  fs.mkdirSync(path.dirname(folder.at(FILE)), { recursive: true });
  // The checksum of a row is the same in both versions: a queue of today gives it.
  const today = await openInline(folder.at("today.sqlite3"), {
    clock: systemClock,
    onEvent() {},
    ballastBytes: 0,
    minFreeBytes: 0,
  });
  await today.enqueue(
    Array.from({ length: ROWS }, (_, i) => ({
      ...{ key: `k${i}`, packet_id: `p${i}`, ts: "2026-05-01T12:00:00Z", kind: "raw", source_id: "s" },
      ...{ payload: `{"i":${i}}`, meta: "{}", partition: "" },
    })),
  );
  await today.close();
  const db = new Database(folder.at(FILE), { create: true });
  db.run("PRAGMA journal_mode = WAL");
  db.run(fs.readFileSync(path.join(import.meta.dir, "../../src/store/migrations/0001_queue.sql"), "utf8"));
  db.run(`ATTACH '${folder.at("today.sqlite3")}' AS today`);
  db.run(`INSERT INTO packets (seq, key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, crc, attempts)
    SELECT seq, key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, crc, seq = 3 FROM today.packets`);
  db.run("UPDATE totals SET enqueued = ?", [ROWS]);
  const { application_id } = db.query("PRAGMA today.application_id").get() as { application_id: number };
  db.run(`PRAGMA application_id = ${application_id}`);
  db.run("PRAGMA user_version = 1");
  db.close();
  return folder;
}

describe("a queue that version 1 of the file left, with a backlog,", () => {
  test("is brought up to date and delivered whole, and a copy of it stays", async () => {
    using folder = await backlogOfVersion1();
    const checked = await run(["validate", "g.yaml", "--queues", "--state-dir", "state"], { cwd: folder.folder });
    expect([checked.code, checked.stdout]).toEqual([
      0,
      expect.stringContaining(`${ROWS} rows, 0 dead letters, version 1`),
    ]);
    await using hook = await startWebhook(folder.folder);
    // The key of a row that waits is known still.
    expect((await hook.post(7)).status).toBe(202);
    expect((await hook.post(1_000)).status).toBe(202);
    await until(() => cameOut(folder.folder).length >= ROWS + 1);
    const { code, report, stderr } = await hook.stop();
    expect(cameOut(folder.folder)).toEqual([...Array.from({ length: ROWS }, (_, i) => i), 1_000]);
    expect([code, report.edges[0].durable]).toEqual([
      0,
      expect.objectContaining({ ready: 0, dead: 0, damaged: 0, tail_lost: 0, duplicates: 1 }),
    ]);
    expect(stderr).toContain(`version 1 of it was kept as ${fs.realpathSync(folder.folder)}/${FILE}.v1.bak`);
    const copy = new Database(folder.at(`${FILE}.v1.bak`), { readonly: true });
    expect(copy.query("PRAGMA user_version").get()).toEqual({ user_version: 1 });
    expect(copy.query("SELECT count(*) AS n FROM packets").get()).toEqual({ n: ROWS });
    copy.close();
  }, 30_000);

  test("survives being killed at any moment of that, and comes out whole", async () => {
    for (const afterMs of [0, 5, 15, 30, 60, 100, 150, 250]) {
      using folder = await backlogOfVersion1();
      const child = Bun.spawn([binary(), "run", "g.yaml", "--state-dir", "state"], {
        ...{ cwd: folder.folder, stdout: "ignore", stderr: "ignore" },
      });
      await Bun.sleep(afterMs);
      child.kill("SIGKILL");
      await child.exited;
      await using hook = await startWebhook(folder.folder);
      await until(() => new Set(cameOut(folder.folder)).size === ROWS);
      const { code, report } = await hook.stop();
      expect([afterMs, code, report.edges[0].durable.dead]).toEqual([afterMs, 0, 0]);
    }
  }, 60_000);
});

test("a queue of a newer version is refused with code 3 and left as it is, by a run, by validate and by queue", async () => {
  using folder = folderWith({ "g.yaml": webhookGraph() });
  await run(["run", "g.yaml", "--state-dir", "state", "--max-seconds", "0.1"], { cwd: folder.folder });
  const db = new Database(folder.at(FILE));
  db.run("PRAGMA user_version = 99");
  db.close();
  // The mark beside it says which version wrote it last; with it 99 would be a bit that flipped.
  fs.rmSync(folder.at(`${FILE}.hwm`));
  const before = fs.readFileSync(folder.at(FILE));
  const message =
    /QUEUE_NEWER: cannot open \S+: it has version 99, this schnitzel knows up to version \d+; use a newer schnitzel/;
  const ran = await run(["run", "g.yaml", "--state-dir", "state"], { cwd: folder.folder });
  expect([ran.code, ran.stderr]).toEqual([3, expect.stringMatching(message)]);
  const listed = await run(["queue", "ls", "yard", "--state-dir", "state"], { cwd: folder.folder });
  expect([listed.code, listed.stderr]).toEqual([3, expect.stringMatching(message)]);
  const checked = await run(["validate", "g.yaml", "--queues", "--state-dir", "state"], { cwd: folder.folder });
  expect([checked.code, checked.stdout]).toEqual([2, expect.stringContaining("newer")]);
  expect(fs.readFileSync(folder.at(FILE)).equals(before)).toBe(true);
}, 30_000);

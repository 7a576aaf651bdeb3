import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { bareFile, openInline, QUEUE_DEFAULTS } from "../../src/store/index.ts";
import { openFile } from "../../src/store/open_file.ts";
import { completed, fileOptions } from "../../src/store/open_options.ts";
import type { Operation } from "../../src/store/operation.ts";
import { QueueHost } from "../../src/store/queue_host.ts";
import { entries, lease } from "../conformance/queue.ts";
import { virtualClock } from "../support/clock.ts";
import { temporaryFolder } from "../support/folder.ts";

const options = { minFreeBytes: 0, ballastBytes: 0, onEvent() {} };

/** A queue on a file whose guards the test may change. */
async function setup() {
  const folder = temporaryFolder();
  const file = path.join(folder.path, "in", "q.sqlite3");
  const clock = virtualClock();
  const opened = openFile(
    file,
    fileOptions(completed(options), clock, options.onEvent, () => {}),
  );
  const queue = await openInline(file, { clock, ...options, opened });
  return {
    folder: path.dirname(file),
    clock,
    queue,
    opened,
    [Symbol.asyncDispose]: async () => {
      await queue.close();
      folder[Symbol.dispose]();
    },
  };
}

/** No name below it can be looked up any more; what is open stays so. */
function hide(folder: string) {
  fs.renameSync(folder, `${folder}.away`);
  fs.symlinkSync(folder, folder);
}

function show(folder: string) {
  fs.unlinkSync(folder);
  fs.renameSync(`${folder}.away`, folder);
}

test("a file that cannot be looked at takes no answer away from those whose rows are committed", async () => {
  await using given = await setup();
  const { queue, clock, folder } = given;
  await queue.enqueue(entries("a", "b"));
  const { fileBytes } = queue.stats();
  hide(folder);
  // Its round of checkpoint and mark is due with the next commit, and once more by its timer.
  clock.advance(1_000);
  const [a] = await lease(queue, 1, "worker", Number.POSITIVE_INFINITY);
  expect(a).toMatchObject({ key: "a", attempt: 1 });
  clock.advance(1_000);
  expect(queue.stats()).toMatchObject({ ready: 1, leased: 1, fileBytes });
  expect(await queue.ack([a!])).toEqual(["done"]);
  show(folder);
  expect(await lease(queue, 9, "worker", Number.POSITIVE_INFINITY)).toMatchObject([{ key: "b", attempt: 1 }]);
  expect(await queue.verify()).toEqual([]);
});

test("guards that fail after a commit undo nothing of it", async () => {
  await using given = await setup();
  const { queue, opened } = given;
  const { guards } = opened;
  const afterCommit = guards.afterCommit.bind(guards);
  guards.afterCommit = () => {
    guards.afterCommit = afterCommit;
    throw new Error("EIO: i/o error, statfs");
  };
  expect(await queue.enqueue(entries("a"))).toEqual([{ seq: 1, duplicate: false }]);
  expect(queue.stats()).toMatchObject({ ready: 1 });
  expect(await queue.enqueue(entries("a", "b"))).toEqual([
    { seq: 1, duplicate: true },
    { seq: 2, duplicate: false },
  ]);
  expect(await queue.verify()).toEqual([]);
});

test("a damaged file that cannot be replaced at once is opened again by the next round", async () => {
  const clock = virtualClock();
  const old = bareFile(new Database(":memory:", { strict: true }));
  const fresh = bareFile(new Database(":memory:", { strict: true }));
  const opened = Object.assign(old, {
    moveAsideAndReopen(): never {
      throw new Error("EIO: i/o error, rename");
    },
    reopen: () => fresh,
  });
  const host = new QueueHost("q", opened, { ...QUEUE_DEFAULTS }, clock.nowMs());
  const ask = (operation: Operation) => host.round([{ id: 1, operation }], clock.nowMs());
  ask({ op: "enqueue", entries: entries("a") });
  host.replace(new Error("malformed"), clock.nowMs());
  expect(ask({ op: "enqueue", entries: entries("b") })).toMatchObject({
    answers: [{ name: "enqueue", value: [{ seq: 1, duplicate: false }] }],
    stats: { ready: 1, degraded: false },
  });
  host.close(clock.nowMs());
});

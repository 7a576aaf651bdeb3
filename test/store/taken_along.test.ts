import { expect, test } from "bun:test";
import * as path from "node:path";
import { openInline } from "../../src/store/index.ts";
import { entries } from "../conformance/queue.ts";
import { virtualClock } from "../support/clock.ts";
import { temporaryFolder } from "../support/folder.ts";

const options = { clock: virtualClock(), onEvent() {}, ballastBytes: 0, minFreeBytes: 0, ordered: true };
const request = { count: 2, holder: "one", leaseMs: 60_000 };

test("a row that is asked for while the one before it fails does not come early", async () => {
  using folder = temporaryFolder();
  const queue = await openInline(path.join(folder.path, "q.sqlite3"), options);
  await queue.enqueue(entries("first", "second"));
  const [first] = await queue.lease({ ...request, count: 1 });
  const failed = { ...first!, reason: "busy", delayMs: 10 };
  const [rows] = await Promise.all([queue.lease(request), queue.nack([failed])]);
  expect(rows).toEqual([]);
  expect(queue.stats()).toMatchObject({ ready: 2, leased: 0 });
  await queue.close();
});

test("a row of the backlog that was handed out behind a new one comes back with it when that one fails", async () => {
  using folder = temporaryFolder();
  const open = () => openInline(path.join(folder.path, "q.sqlite3"), options);
  const before = await open();
  await before.enqueue(entries("old"));
  await before.close();
  const queue = await open();
  await queue.enqueue(entries("new"));
  const [first, second] = await queue.lease({ ...request, liveFirst: true });
  expect([first?.key, second?.key]).toEqual(["new", "old"]);
  await queue.nack([{ ...first!, reason: "busy", delayMs: 10 }]);
  expect(queue.stats()).toMatchObject({ ready: 2, leased: 0 });
  options.clock.advance(10);
  expect((await queue.lease(request)).map(({ key }) => key).sort()).toEqual(["new", "old"]);
  await queue.close();
});

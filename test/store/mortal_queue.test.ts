import { expect, test } from "bun:test";
import * as path from "node:path";
import { virtualClock } from "../../src/base/virtual_clock.ts";
import { openMortal } from "../../src/store/index.ts";
import { temporaryFolder } from "../support/folder.ts";

const entry = (key: string) => ({
  key,
  packet_id: key,
  ts: "2026-01-01T00:00:00.000Z",
  kind: "raw",
  source_id: "s",
  partition: "s",
  payload: "null",
  meta: "{}",
});

test("a queue that dies leaves what was committed, and what was out counts as a try that a crash ended", async () => {
  using folder = temporaryFolder();
  const file = path.join(folder.path, "q.sqlite3");
  const options = { clock: virtualClock(), onEvent: () => {} };
  const first = await openMortal(file, options);
  await first.queue.enqueue([entry("a"), entry("b")]);
  await first.queue.lease({ holder: "w", count: 1, leaseMs: 60_000 });
  const never = first.queue.enqueue([entry("c")]);
  first.die();
  let came = false;
  never.then(
    () => {
      came = true;
    },
    () => {
      came = true;
    },
  );
  const second = await openMortal(file, options);
  const rows = await second.queue.scan(0, 10);
  expect(rows.map(({ key, attempt }) => [key, attempt])).toEqual([
    ["a", 1],
    ["b", 0],
  ]);
  expect(came).toBe(false);
  // A row that was out in a crash goes alone: it may have been the reason.
  const leased = await second.queue.lease({ holder: "w", count: 2, leaseMs: 60_000 });
  expect(leased.map(({ key, attempt }) => [key, attempt])).toEqual([["a", 2]]);
  await second.queue.close();
});

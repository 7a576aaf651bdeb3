import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { bareFile, openInline } from "../../src/store/index.ts";
import { entries } from "../conformance/queue.ts";
import { virtualClock } from "../support/clock.ts";

test("keys are forgotten after the window while acks go on without a pause", async () => {
  const clock = virtualClock();
  const opened = bareFile(new Database(":memory:", { strict: true }));
  const queue = await openInline("q", { clock, onEvent() {}, opened, rememberMs: 10_000 });
  for (let at = 0; at < 400; at++) {
    await queue.enqueue(entries(`k${at}`));
    await queue.ack(await queue.lease({ count: 1, holder: "worker", leaseMs: 1_000 }));
    clock.advance(50);
  }
  // k0 was acknowledged 20 s ago, k210 9.5 s.
  const found = await queue.enqueue(entries("k0", "k150", "k210", "k399"));
  expect(found.map(({ duplicate }) => duplicate)).toEqual([false, false, true, true]);
  expect(await queue.verify()).toEqual([]);
  await queue.close();
});

import { expect, test } from "bun:test";
import { Unseen } from "../../src/engine/durable/unseen.ts";
import type { Queue, QueueStats } from "../../src/store/index.ts";

/** A look at counts that the test sets; a queue has nothing else to do with it. */
function setup(at: Partial<QueueStats>) {
  const counts = { dead: 0, damaged: 0, expired: 0, ...at };
  const found: unknown[] = [];
  const unseen = new Unseen({ stats: () => counts } as unknown as Queue, (rows) => found.push(rows));
  return { counts, found, unseen };
}

test("rows that nobody was handed are told once, by what became of them", () => {
  const { counts, found, unseen } = setup({ dead: 7, damaged: 2, expired: 1 });
  unseen.look();
  expect(found).toEqual([]);
  Object.assign(counts, { dead: 14, damaged: 5, expired: 3 });
  unseen.look();
  unseen.look();
  expect(found).toEqual([
    {
      rows: 7,
      reason:
        "rows that were not handed out any more: 3 damaged: their checksum does not match, 2 older than max_age, 2 out of attempts, as the process ended with them time and again",
    },
  ]);
});

test("a row whose failure was heard is not told again, and letters that a person purged are no news", () => {
  const { counts, found, unseen } = setup({});
  counts.dead = 1;
  unseen.seen();
  unseen.look();
  counts.dead = 0;
  unseen.look();
  expect(found).toEqual([]);
  counts.dead = 1;
  unseen.look();
  expect(found).toHaveLength(1);
});

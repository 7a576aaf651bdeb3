import { expect, test } from "bun:test";
import { DeadLetters } from "../../src/observe/index.ts";

const at = "2026-01-01T00:00:00.000Z";

function filled(count: number, bytes: number) {
  const letters = new DeadLetters();
  for (let n = 0; n < count; n++) {
    letters.push({ record: n, node_id: "cam", reason: "bad", attempts: 1, first_at: at, at }, bytes);
  }
  return letters;
}

const records = (letters: DeadLetters) => letters.recent().map((letter) => letter.record);

test("DeadLetters keeps the newest thousand and counts them all", () => {
  const letters = filled(1_003, 1);
  expect([letters.total, letters.recent().length, records(letters)[0]]).toEqual([1_003, 1_000, 3]);
});

test("DeadLetters holds 64 MiB at most, so dead frames cannot fill the memory", () => {
  expect(records(filled(20, 6 * 1024 * 1024))).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
});

test("DeadLetters keeps the newest letter when it alone is over the bound", () => {
  expect(records(filled(2, 100 * 1024 * 1024))).toEqual([1]);
});

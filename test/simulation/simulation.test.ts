import { expect, test } from "bun:test";
import * as path from "node:path";
import { simulate } from "./seed.ts";

const run = path.join(import.meta.dir, "run.ts");

/** What a commit is given; `bun run sim --seeds 200000` is for nights. */
const SEEDS = 2_500;

test(`${SEEDS} seeds break no invariant, and each does the same when it is run again`, async () => {
  const child = Bun.spawn([process.execPath, run, "--seeds", `${SEEDS}`], { stdout: "pipe", stderr: "pipe" });
  const [told, errors] = [await new Response(child.stdout).text(), await new Response(child.stderr).text()];
  expect(`${told}${errors}`).toMatch(new RegExp(`^${SEEDS} seeds, \\d+ lives of a program, [\\d.]+ s: 0 red\n$`));
  expect(await child.exited).toBe(0);
}, 150_000);

test("a seed decides everything: two runs are the same line by line, and another seed is another story", () => {
  const [first, second] = [simulate(7, { keepTrace: true }), simulate(7, { keepTrace: true })];
  expect(second.lines).toEqual(first.lines!);
  expect(second.hash).toBe(first.hash);
  expect(simulate(8).hash).not.toBe(first.hash);
});

test("the seeds show what they are for: deaths, stops, lost answers, torn files, failed commits, full queues", () => {
  const lines = Array.from({ length: 25 }, (_, at) => simulate(at + 1, { keepTrace: true }).lines!).flat();
  const shown = [
    "dies: ",
    "ended: signal",
    "wall clock",
    "is gone: ",
    "disk I/O error",
    "QUEUE_FULL",
    " dead ",
    " is ",
  ];
  for (const what of shown) expect(lines.some((line) => line.includes(what))).toBe(true);
}, 30_000);

test("a flag that means nothing is refused with what is allowed", async () => {
  const child = Bun.spawn([process.execPath, run, "--season", "winter"], { stdout: "pipe", stderr: "pipe" });
  expect(await new Response(child.stderr).text()).toContain("--season must be one of clock, crashes, disk");
  expect(await child.exited).toBe(2);
});

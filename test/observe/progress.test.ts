import { expect, test } from "bun:test";
import { type RunSnapshot, startProgress } from "../../src/observe/index.ts";
import { virtualClock } from "../support/clock.ts";
import { runSnapshot, troubledRun } from "../support/run.ts";

function setup({
  run = runSnapshot(),
  isTty = true,
  columns = 80,
}: {
  run?: RunSnapshot;
  isTty?: boolean;
  columns?: number;
} = {}) {
  const clock = virtualClock();
  const written: string[] = [];
  const write = (text: string) => void written.push(text);
  const progress = startProgress({ clock, snapshot: () => run, isTty, columns: () => columns, write });
  return { clock, written, progress };
}

test("progress shows state, packets, rate and time on one line", () => {
  const { clock, written } = setup();
  clock.advance(500);
  expect(written).toEqual(["\r\u001b[Kyard running · 10 packets · 20/s · 2 s"]);
});

test("progress shows drops and dead letters when there are any", () => {
  const { clock, written } = setup({ run: troubledRun() });
  clock.advance(500);
  expect(written[0]).toContain(" · 6 dropped · 2 dead letters · ");
});

test("progress measures the rate since the last line", () => {
  const { clock, written } = setup();
  clock.advance(1_000);
  expect(written[1]).toContain("· 0/s ·");
});

test("progress draws nothing when the output is not a terminal", () => {
  const { clock, written, progress } = setup({ isTty: false });
  clock.advance(60_000);
  progress.above("a log line\n");
  progress.stop();
  expect([written, clock.pending]).toEqual([["a log line\n"], 0]);
});

test("progress writes log lines above itself", () => {
  const { clock, written, progress } = setup();
  clock.advance(500);
  progress.above("a log line\n");
  expect(written[1]).toBe(`\r\u001b[Ka log line\nyard running · 10 packets · 20/s · 2 s`);
});

test("progress never fills the last column, where a terminal would wrap", () => {
  const { clock, written } = setup({ columns: 20 });
  clock.advance(500);
  expect(written[0]!.replace("\r\u001b[K", "")).toHaveLength(19);
});

test("progress.stop() clears the line and leaves no timer", () => {
  const { clock, written, progress } = setup();
  clock.advance(500);
  progress.stop();
  expect([written.at(-1), clock.pending]).toEqual(["\r\u001b[K", 0]);
});

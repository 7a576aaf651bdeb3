import { expect, test } from "bun:test";
import * as path from "node:path";

const ENTRY = path.join(import.meta.dir, "../fixtures/stalled_run.ts");

/** Runs the fixture in a process of its own. */
async function stall(where: string) {
  const child = Bun.spawn([process.execPath, ENTRY, where], { stdout: "pipe", stderr: "pipe", timeout: 20_000 });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { stdout, stderr, code };
}

const NAMED = {
  process: "spinner",
  iterator: "spinner",
  retry: "spinner",
  create: "spinner",
  close: "spinner",
  source: "feed",
};

test.concurrent.each(Object.entries(NAMED))(
  "the watchdog names the node that loops for ever in %s, reports it and ends the process with code 1",
  async (where, id) => {
    const { code, stderr, stdout } = await stall(where);
    const [warning, end] = stderr.trim().split("\n");
    expect(warning).toStartWith(`NODE_STALLED node "${id}" has not returned from its call for 1`);
    expect(end).toMatch(
      new RegExp(
        `^NODE_STALLED node "${id}" held the run for [23](\\.\\d)? s: the process ends with code 1; mend the node`,
      ),
    );
    expect(JSON.parse(stdout)).toMatchObject({ status: "error", error: expect.stringContaining(`node ${id} held`) });
    expect(code).toBe(1);
  },
  20_000,
);

test.concurrent("the watchdog also ends a loop in code that runs after the call returned a promise", async () => {
  const { code, stderr, stdout } = await stall("later");
  expect(stderr).toContain('NODE_STALLED node "(one whose call goes on)" held the run');
  expect(JSON.parse(stdout)).toMatchObject({ status: "error" });
  expect(code).toBe(1);
}, 20_000);

test.concurrent("the watchdog lets a thread alone that waits for a reader or for events", async () => {
  expect(await stall("outside")).toEqual({ code: 0, stderr: "", stdout: "" });
}, 20_000);

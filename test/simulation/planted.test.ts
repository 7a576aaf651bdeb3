import { expect, test } from "bun:test";
import * as path from "node:path";
import { temporaryFolder } from "../support/folder.ts";
import { PLANTED, type Planted, plantIn } from "./planted.ts";

/** So many seeds must be enough. */
const SEEDS = 50;

/** What the simulation says of the program with a bug in it. */
async function seedsOf(planted: Planted) {
  using folder = temporaryFolder();
  plantIn(folder.path, planted);
  const file = path.join(folder.path, "test/simulation/run.ts");
  const command = [process.execPath, file, "--seeds", `${SEEDS}`, "--until-red", "--step", "1"];
  if (planted.season !== undefined) command.push("--season", planted.season);
  const child = Bun.spawn(command, { cwd: folder.path, stdout: "pipe", stderr: "pipe" });
  const [text, errors] = [await new Response(child.stdout).text(), await new Response(child.stderr).text()];
  await child.exited;
  expect(errors).toBe("");
  return JSON.parse(text) as { seeds: number; red: { seed: number; violations: string[] }[] };
}

test.each(PLANTED)(
  "the simulation sees it when $says ($name)",
  async (planted) => {
    const { red } = await seedsOf(planted);
    expect(red.length).toBeGreaterThan(0);
    expect(red.flatMap(({ violations }) => violations).filter((what) => planted.breaks.test(what))).not.toEqual([]);
  },
  30_000,
);

test("a bug whose text the program does not have any more is told", () => {
  using folder = temporaryFolder();
  const gone = { ...PLANTED[0]!, replace: "no such text" };
  expect(() => plantIn(folder.path, gone)).toThrow('cannot plant "ack before commit"');
});

import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { ANSWER_CODES } from "../../src/cli/answer_codes.ts";
import { ALL_CODES } from "../../src/cli/explain.ts";
import { CODES } from "../../src/graph/index.ts";
import { ROOT } from "../support/binary.ts";
import { cli } from "../support/cli.ts";

test("explain CODE says what it means and what to do, in any case", async () => {
  const { code, stdout } = await cli(["explain", "cycle_without_delay"]);
  expect(code).toBe(0);
  expect(stdout).toStartWith("CYCLE_WITHOUT_DELAY: ");
  expect(stdout).toContain("What to do: ");
});

test("explain lists every code with its title", async () => {
  const { stdout } = await cli(["explain"]);
  expect(stdout.trim().split("\n")).toHaveLength(Object.keys(ALL_CODES).length);
  expect(stdout).toContain(`SELF_LOOP  `);
});

test("explain --json gives codes as data", async () => {
  expect(JSON.parse((await cli(["explain", "--json"])).stdout)).toEqual({ schema_version: 1, codes: ALL_CODES });
  const one = JSON.parse((await cli(["explain", "SELF_LOOP", "--json"])).stdout);
  expect(one.codes).toEqual({ SELF_LOOP: CODES.SELF_LOOP });
});

test.each(["HTTP_LISTEN", "HTTP_EXPOSED", "HTTP_IN_USE", "HTTP_ADDRESS", "HTTP_TOKEN", "NODE_STALLED"])(
  "explain knows %s, which only a run prints",
  async (code) => {
    expect(await cli(["explain", code])).toMatchObject({ code: 0, stdout: expect.stringContaining("What to do: ") });
  },
);

test("explain with an unknown code is a usage error with a suggestion", async () => {
  const { code, stderr } = await cli(["explain", "CYCLE_WITHOUT_DEALY"]);
  expect(code).toBe(2);
  expect(stderr).toContain("did you mean CYCLE_WITHOUT_DELAY?");
});

test("explain knows every code that http_source answers, and none of them is a graph's", () => {
  const folder = path.join(ROOT, "src/nodes/net");
  const texts = fs.readdirSync(folder).map((name) => fs.readFileSync(path.join(folder, name), "utf8"));
  const answered = texts.flatMap((text) =>
    [...text.matchAll(/(?:Refusal\(\d+, |busy\()"([A-Z_]+)"/g)].map(([, code]) => code!),
  );
  expect(new Set(answered).size).toBeGreaterThan(20);
  expect([...new Set(answered)].filter((code) => !Object.hasOwn(ANSWER_CODES, code))).toEqual([]);
  expect(Object.keys(ANSWER_CODES).filter((code) => Object.hasOwn(CODES, code))).toEqual([]);
});

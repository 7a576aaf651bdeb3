import { expect, test } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { binary, ROOT } from "../support/binary.ts";
import { GOLDEN_CASES, goldenFolder, goldenOutput, runGolden } from "../support/golden.ts";

/** `UPDATE_GOLDEN=1 bun test test/golden` writes what the binary gives; the commit says why it changed. */
const UPDATE = process.env.UPDATE_GOLDEN === "1";

for (const name of GOLDEN_CASES) {
  test(`the binary gives golden case ${name} byte for byte`, async () => {
    const run = await runGolden([binary()], name);
    expect({ code: run.code, stderr: run.code === 0 ? "" : run.stderr }).toEqual({ code: 0, stderr: "" });
    const golden = path.join(goldenFolder(name), "out.jsonl");
    const output = goldenOutput(run);
    if (UPDATE) fs.writeFileSync(golden, output);
    // As text first: a difference is then shown line by line.
    expect(output.toString()).toBe(fs.readFileSync(golden, "utf8"));
    expect(output.equals(fs.readFileSync(golden))).toBe(true);
  }, 60_000);
}

test("the golden folder holds a case for each behaviour that must not drift", () => {
  expect(GOLDEN_CASES).toEqual([
    "csv_kinds",
    "dedup",
    "pid",
    "plugin",
    "rate_limit",
    "routing",
    "vector_events",
    "vision_e2e_mock",
    "weather_alarm",
  ]);
});

/** The graph without the one line that says where its files are. */
const withoutVars = (file: string) => fs.readFileSync(path.join(ROOT, file), "utf8").replace(/^vars:.*\n/m, "");

test.each(["pid", "vision_e2e_mock", "weather_alarm"])("golden case %s is the example but for its vars", (name) => {
  expect(withoutVars(`test/golden/${name}/graph.yaml`)).toBe(withoutVars(`graphs/${name}.yaml`));
});

import { afterAll, beforeAll, expect } from "bun:test";
import * as path from "node:path";
import { arm64 } from "../support/arm64.ts";
import { binary, build, runCommand } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";
import { GOLDEN_CASES, runGolden } from "../support/golden.ts";
import { needs } from "../support/part.ts";
import { record, replay } from "../support/recorded.ts";

const folder = temporaryFolder();
const executable = path.join(folder.path, "schnitzel");
const command = [...(arm64()?.prefix ?? []), executable];
// The first build on a machine fetches Bun's arm64 runtime.
beforeAll(() => build("--target=linux-arm64", `--outfile=${executable}`), 60_000);
afterAll(() => folder[Symbol.dispose]());

needs("arm64")("the arm64 binary says that it is one", async () => {
  const ran = await runCommand([...command, "version", "--json"]);
  expect(JSON.parse(ran.stdout)).toMatchObject({ target: "linux-arm64" });
});

needs("arm64")("there are golden cases to compare", () => {
  expect(GOLDEN_CASES.length).toBeGreaterThan(0);
});

needs("arm64")(
  "a run that this machine recorded is replayed to the same bytes by both",
  async () => {
    using place = temporaryFolder();
    await record([binary()], place.path);
    const here = await replay([binary()], place.path);
    const there = await replay(command, place.path);
    expect({ code: there.code, stderr: there.code === 0 ? "" : there.stderr }).toEqual({ code: 0, stderr: "" });
    expect(there.stdout).toBe(here.stdout);
    expect(here.stdout.split("\n").length).toBeGreaterThan(20);
  },
  120_000,
);

/** Loading a plugin starts the executable once more. */
const loadsPlugin = (name: string) => name === "plugin";

for (const name of GOLDEN_CASES) {
  needs(loadsPlugin(name) ? "arm64_children" : "arm64")(
    `the arm64 binary gives the bytes of this machine's on golden case ${name}`,
    async () => {
      const expected = await runGolden([binary()], name);
      const { code, stdout, stderr, files } = await runGolden(command, name);
      expect({ code, stderr: code === expected.code ? "" : stderr }).toEqual({ code: expected.code, stderr: "" });
      expect(stdout).toBe(expected.stdout);
      expect(files).toEqual(expected.files);
    },
    120_000,
  );
}

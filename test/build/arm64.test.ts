import { afterAll, beforeAll, expect } from "bun:test";
import * as path from "node:path";
import { binary, build, runCommand } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";
import { GOLDEN_CASES, runGolden } from "../support/golden.ts";
import { needs } from "../support/part.ts";

/** On another processor Debian's qemu-user-static runs it, with the loader of libc6:arm64. No flags are needed. */
const EMULATOR = process.arch === "arm64" ? [] : ["qemu-aarch64-static"];

const folder = temporaryFolder();
const arm64 = path.join(folder.path, "schnitzel");
// The first build on a machine fetches Bun's arm64 runtime.
beforeAll(() => build("--target=linux-arm64", `--outfile=${arm64}`), 60_000);
afterAll(() => folder[Symbol.dispose]());

needs("arm64")("the arm64 binary says that it is one", async () => {
  const ran = await runCommand([...EMULATOR, arm64, "version", "--json"]);
  expect(JSON.parse(ran.stdout)).toMatchObject({ target: "linux-arm64" });
});

needs("arm64")("there are golden cases to compare", () => {
  expect(GOLDEN_CASES.length).toBeGreaterThan(0);
});

for (const name of GOLDEN_CASES) {
  needs("arm64")(
    `the arm64 binary gives the bytes of this machine's on golden case ${name}`,
    async () => {
      const expected = await runGolden([binary()], name);
      const { code, stdout, files } = await runGolden([...EMULATOR, arm64], name);
      expect(code).toBe(expected.code);
      expect(stdout).toBe(expected.stdout);
      expect(files).toEqual(expected.files);
    },
    120_000,
  );
}

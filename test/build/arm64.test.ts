import { afterAll, beforeAll, expect } from "bun:test";
import * as fs from "node:fs";
import * as path from "node:path";
import { binary, build, type Ran, ROOT, runCommand } from "../support/binary.ts";
import { temporaryFolder } from "../support/folder.ts";
import { needs } from "../support/part.ts";

/** On another processor Debian's qemu-user-static runs it, with the loader of libc6:arm64. No flags are needed. */
const EMULATOR = process.arch === "arm64" ? [] : ["qemu-aarch64-static"];

const folder = temporaryFolder();
const arm64 = path.join(folder.path, "schnitzel");
// The first build on a machine fetches Bun's arm64 runtime.
beforeAll(() => build("--target=linux-arm64", `--outfile=${arm64}`), 60_000);
afterAll(() => folder[Symbol.dispose]());

interface Result extends Ran {
  /** Files in the case's folder after the run: relative path → content, hex. */
  files: Record<string, string>;
}

/** Runs a golden case in a copy of its folder, so that neither run sees what the other wrote. */
async function runCase(command: readonly string[], name: string): Promise<Result> {
  using copy = temporaryFolder();
  const cwd = path.join(copy.path, "test/golden", name);
  fs.cpSync(path.join(ROOT, "test/golden", name), cwd, { recursive: true });
  // Cases name data of the examples by relative path.
  for (const shared of ["graphs", "plugins"]) fs.symlinkSync(path.join(ROOT, shared), path.join(copy.path, shared));
  const input = path.join(cwd, "in.jsonl");
  const stdin = fs.existsSync(input) ? fs.readFileSync(input, "utf8") : "";
  const ran = await runCommand([...command, "run", "graph.yaml"], { cwd, stdin, timeoutMs: 60_000 });
  const written = [...new Bun.Glob("**/*").scanSync({ cwd, dot: true })].sort();
  return { ...ran, files: Object.fromEntries(written.map((file) => [file, hex(path.join(cwd, file))])) };
}

function hex(file: string): string {
  return fs.readFileSync(file).toString("hex");
}

const cases = [...new Bun.Glob("test/golden/*/graph.yaml").scanSync({ cwd: ROOT })]
  .map((file) => path.basename(path.dirname(file)))
  .sort();

needs("arm64")("the arm64 binary says that it is one", async () => {
  const ran = await runCommand([...EMULATOR, arm64, "version", "--json"]);
  expect(JSON.parse(ran.stdout)).toMatchObject({ target: "linux-arm64" });
});

needs("arm64")("there are golden cases to compare", () => {
  expect(cases.length).toBeGreaterThan(0);
});

for (const name of cases) {
  needs("arm64")(
    `the arm64 binary gives the bytes of this machine's on golden case ${name}`,
    async () => {
      const expected = await runCase([binary()], name);
      const { code, stdout, files } = await runCase([...EMULATOR, arm64], name);
      expect(code).toBe(expected.code);
      expect(stdout).toBe(expected.stdout);
      expect(files).toEqual(expected.files);
    },
    120_000,
  );
}

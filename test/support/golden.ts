import * as fs from "node:fs";
import * as path from "node:path";
import { type Ran, ROOT, runCommand } from "./binary.ts";
import { temporaryFolder } from "./folder.ts";

/** Names of the golden cases: folders of test/golden with a graph. */
export const GOLDEN_CASES: readonly string[] = [...new Bun.Glob("test/golden/*/graph.yaml").scanSync({ cwd: ROOT })]
  .map((file) => path.basename(path.dirname(file)))
  .sort();

export const goldenFolder = (name: string) => path.join(ROOT, "test/golden", name);

export interface GoldenRun extends Ran {
  /** Files in the case's folder after the run, without the expected output: relative path → content, latin1. */
  files: Readonly<Record<string, string>>;
}

/**
 * Runs `<command> run graph.yaml` in a copy of the case's folder, so that no run sees what another wrote. `in.jsonl`
 * is its standard input. The examples and their data stand where they stand in the project: `../../../graphs`.
 */
export async function runGolden(command: readonly string[], name: string): Promise<GoldenRun> {
  using copy = temporaryFolder();
  const cwd = path.join(copy.path, "test/golden", name);
  fs.cpSync(goldenFolder(name), cwd, { recursive: true, filter: (file) => path.basename(file) !== "out.jsonl" });
  for (const shared of ["graphs", "plugins"]) fs.symlinkSync(path.join(ROOT, shared), path.join(copy.path, shared));
  const input = path.join(cwd, "in.jsonl");
  const stdin = fs.existsSync(input) ? fs.readFileSync(input, "utf8") : "";
  const ran = await runCommand([...command, "run", "graph.yaml"], { cwd, stdin, timeoutMs: 60_000 });
  const written = [...new Bun.Glob("**/*").scanSync({ cwd, dot: true })].sort();
  return {
    ...ran,
    files: Object.fromEntries(written.map((file) => [file, fs.readFileSync(path.join(cwd, file), "latin1")])),
  };
}

/** Where a graph writes that does not print. */
const WRITTEN = "outputs/out.jsonl";

/** What `out.jsonl` holds, as bytes: what the run printed, or wrote to outputs/out.jsonl. A case does one of them. */
export function goldenOutput({ stdout, files }: GoldenRun): Buffer {
  const written = files[WRITTEN];
  if (written === undefined) return Buffer.from(stdout);
  if (stdout !== "") throw new Error(`A golden case prints or writes ${WRITTEN}, not both; it printed:\n${stdout}`);
  return Buffer.from(written, "latin1");
}

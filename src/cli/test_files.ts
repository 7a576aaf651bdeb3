import * as fs from "node:fs";
import * as path from "node:path";
import { UsageError } from "./command/index.ts";

/** How test files are called; validate leaves them to `schnitzel test`. */
export const TEST_FILE = /\.test\.ya?ml$/;
/** As for graphs: more than any project has. */
const MAX_FILES = 10_000;

/** The test files that the arguments name: files, folders, globs. */
export function findTestFiles(args: readonly string[], cwd: string): string[] {
  return [...new Set(args.flatMap((arg) => expand(arg, cwd)))];
}

function expand(arg: string, cwd: string): string[] {
  const stat = fs.statSync(path.resolve(cwd, arg), { throwIfNoEntry: false });
  if (stat?.isDirectory()) return walk(arg, "**/*.test.{yaml,yml}", cwd);
  if (stat === undefined && /[*?[{]/.test(arg)) return walk("", arg, cwd);
  if (stat === undefined)
    throw new UsageError(`there is no file ${arg}`, "name test files, or a folder with *.test.yaml");
  if (TEST_FILE.test(arg)) return [arg];
  const own = arg.replace(/\.ya?ml$/, ".test.yaml");
  const hint = fs.existsSync(path.resolve(cwd, own)) ? `did you mean ${own}?` : `a test of it is called ${own}`;
  throw new UsageError(`${arg} is no test file: its name must end in .test.yaml`, hint);
}

function walk(folder: string, pattern: string, cwd: string): string[] {
  const found: string[] = [];
  for (const name of new Bun.Glob(pattern).scanSync({ cwd: path.resolve(cwd, folder), onlyFiles: true })) {
    if (/(^|[\\/])node_modules[\\/]/.test(name) || !TEST_FILE.test(name)) continue;
    found.push(path.join(folder, name));
    if (found.length > MAX_FILES) throw new UsageError(`${folder || pattern} has more than ${MAX_FILES} test files`);
  }
  if (found.length === 0)
    throw new UsageError(`${folder || pattern} has no test files`, "tests are called *.test.yaml");
  return found.sort();
}

/**
 * Checks everything: format, lint, types, stale generated docs, and every test. CI runs this and nothing else.
 *
 *   bun run ok                  all tiers
 *   bun run ok unit checks      those tiers
 *
 * Its last line is the sum, alone: `N passed, N failed`, and `, N skipped` when there are any.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { TIERS, type Tier } from "./tiers.ts";

const ROOT = path.resolve(import.meta.dir, "..");

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !TIERS.some((tier) => tier.name === name));
if (unknown.length > 0) {
  console.error(`Cannot run tier "${unknown.join(", ")}". Tiers are ${TIERS.map((tier) => tier.name).join(", ")}`);
  process.exit(2);
}

const total: Count = { passed: 0, failed: 0, skipped: 0 };
const files = testFilesByTier();
for (const tier of TIERS) {
  if (chosen.length > 0 && !chosen.includes(tier.name)) continue;
  const startedMs = performance.now();
  const count = await runTier(tier);
  for (const key of ["passed", "failed", "skipped"] as const) total[key] += count[key];
  const tookSec = Math.round((performance.now() - startedMs) / 1_000);
  console.log(`== ${tier.name}: ${sentence(count)} in ${tookSec} s (its share: ${tier.share} s)`);
}
console.log(sentence(total));
process.exit(total.failed === 0 ? 0 : 1);

function sentence({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Every test file, under the name of the tier it belongs to. None can be forgotten: the last tier takes all. */
function testFilesByTier(): Map<string, string[]> {
  const found = [...new Bun.Glob("test/**/*.test.ts").scanSync({ cwd: ROOT })].sort();
  return Map.groupBy(found, (file) => {
    const text = fs.readFileSync(path.join(ROOT, file), "utf8");
    return TIERS.find((tier) => tier.takes?.(file, text))!.name;
  });
}

async function runTier(tier: Tier): Promise<Count> {
  if (tier.commands === undefined) return runTests(tier, files.get(tier.name) ?? []);
  const count: Count = { passed: 0, failed: 0, skipped: 0 };
  for (const [name, args] of Object.entries(tier.commands)) {
    const ok = (await spawn(args, tier.share)) === 0;
    count[ok ? "passed" : "failed"] += 1;
    console.log(`${ok ? "(pass)" : "(fail)"} ${name}`);
  }
  return count;
}

async function runTests(tier: Tier, tests: readonly string[]): Promise<Count> {
  // An empty tier means a folder was renamed and its tests are run by nobody's rule.
  if (tests.length === 0) return failure(`tier ${tier.name} has no tests`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "schnitzel-tests-"));
  const outfile = path.join(folder, "junit.xml");
  try {
    const options = ["--only-failures", "--no-orphans", "--reporter=junit", `--reporter-outfile=${outfile}`];
    const code = await spawn(["test", ...options, ...tests.map((file) => `./${file}`)], tier.share);
    const count = readCount(outfile);
    if (count === undefined) return failure(`tier ${tier.name} did not finish: exit code ${code}`);
    // A file that does not load, or an error between two tests, shows in the exit code alone.
    return code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function failure(reason: string): Count {
  console.log(`(fail) ${reason}`);
  return { passed: 0, failed: 1, skipped: 0 };
}

/** Runs Bun with `args` in the project's root; gives its exit code. */
async function spawn(args: readonly string[], share: number): Promise<number> {
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
    timeout: share * 1_000,
  });
  const code = await child.exited;
  if (child.signalCode === "SIGTERM") console.log(`stopped after its share of ${share} s`);
  return code;
}

/** The sums in the root element of a JUnit file; undefined when the run did not get to write one. */
function readCount(file: string): Count | undefined {
  if (!fs.existsSync(file)) return undefined;
  const root = /<testsuites\b[^>]*>/.exec(fs.readFileSync(file, "utf8"))?.[0] ?? "";
  const number = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(root)?.[1] ?? 0);
  const [tests, failed, skipped] = [number("tests"), number("failures"), number("skipped")];
  return { passed: tests - failed - skipped, failed, skipped };
}

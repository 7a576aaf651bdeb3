/**
 * Writes the generated pages in `docs/`: nodes, error codes, metrics and the command line.
 *
 *   bun run docs            write them
 *   bun run docs --check    write nothing; exit 1 and name them when one is not up to date
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { generatedPages } from "./pages/index.ts";

const ROOT = path.resolve(import.meta.dir, "..");
const { check } = parseArgs({ options: { check: { type: "boolean", default: false } } }).values;

const pages = await generatedPages();
const stale = [...pages].filter(([file, text]) => read(file) !== text).map(([file]) => file);
// The only folder in which every file is generated.
const orphans = [...new Bun.Glob("docs/nodes/*.md").scanSync({ cwd: ROOT })].filter((file) => !pages.has(file));

if (check) {
  for (const file of stale) console.error(`${file} is not up to date`);
  for (const file of orphans) console.error(`${file} is of a node that does not exist`);
  if (stale.length + orphans.length > 0) console.error("bun run docs writes them");
  process.exit(stale.length + orphans.length > 0 ? 1 : 0);
}
for (const file of stale) {
  fs.mkdirSync(path.dirname(path.join(ROOT, file)), { recursive: true });
  fs.writeFileSync(path.join(ROOT, file), pages.get(file)!);
}
for (const file of orphans) fs.rmSync(path.join(ROOT, file));
console.log(`${stale.length} of ${pages.size} pages written, ${orphans.length} removed`);

function read(file: string): string | undefined {
  const absolute = path.join(ROOT, file);
  return fs.existsSync(absolute) ? fs.readFileSync(absolute, "utf8") : undefined;
}

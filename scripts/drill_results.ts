/**
 * Puts a table on top of one of the two lists in docs/drill-results.md, with date, commit and command.
 *
 *   ./schnitzel drill --demo --json | bun scripts/drill_results.ts "./schnitzel drill --demo"
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type DrillResult, isBroken, isCounted, isSkipped } from "../src/drill/result.ts";
import { COLUMNS } from "../src/drill/text.ts";
import { buildInfo } from "./compile.ts";

const FILE = path.resolve(import.meta.dir, "../docs/drill-results.md");

export function record(list: "Drills" | "Soaks", took: string, command: string, table: string) {
  const day = new Date().toISOString().slice(0, 10);
  const machine = `${process.platform}-${process.arch}, ${os.cpus().length} CPUs (${os.cpus()[0]?.model.trim()})`;
  const head = `### ${day}, commit ${buildInfo().commit}, ${took}\n\n\`${command}\` on ${machine}\n`;
  const text = fs.readFileSync(FILE, "utf8");
  const mark = `## ${list}\n`;
  if (!text.includes(mark)) throw new Error(`Cannot record in ${FILE} as it has no heading "${mark.trim()}"`);
  fs.writeFileSync(FILE, text.replace(mark, `${mark}\n${head}\n${table}\n`));
}

function drillTable({ faults }: DrillResult): string {
  const heads = COLUMNS.map(([head]) => head);
  const rows = faults.filter(isCounted).map((fault) => COLUMNS.map(([, cell]) => cell(fault)));
  const notes = [
    ...faults.filter(isBroken).map(({ fault, broken }) => `- ${fault}: ${broken}`),
    ...faults.filter(isSkipped).map(({ fault, skipped }) => `- ${fault}: skipped, ${skipped}`),
  ];
  const lines = [heads, heads.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return [...lines, ...(notes.length === 0 ? [] : ["", ...notes])].join("\n");
}

if (import.meta.main) {
  const result = JSON.parse(await Bun.stdin.text()) as DrillResult;
  record("Drills", `${Math.round(result.seconds)} s`, `${process.argv[2]} --seed ${result.seed}`, drillTable(result));
}

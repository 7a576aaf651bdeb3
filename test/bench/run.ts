/**
 * Benches of the shipped binary: `bun run bench [name …] [--record]`.
 *
 * Each prints its rows; `--record` puts them on top of the table in RESULTS.md. Exit code 1 when a row misses
 * what it should reach. Absolute figures belong to one machine; compare the ratios.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { backlog } from "./backlog.bench.ts";
import { chain, shapes } from "./chain.bench.ts";
import { checkpoint } from "./checkpoint.bench.ts";
import { csv } from "./csv.bench.ts";
import { decode } from "./decode.bench.ts";
import { durable } from "./durable.bench.ts";
import { fairness } from "./fairness.bench.ts";
import { http } from "./http.bench.ts";
import { inference } from "./inference.bench.ts";
import { latency } from "./latency.bench.ts";
import { BENCH, machine, type Row, words } from "./measure.ts";
import { memory } from "./memory.bench.ts";
import { pictures } from "./pictures.bench.ts";
import { reload } from "./reload.bench.ts";
import { reloadDurable } from "./reload_durable.bench.ts";
import { restart } from "./restart.bench.ts";
import { seeing } from "./seeing.bench.ts";
import { sizing } from "./sizing.bench.ts";
import { slowDisk } from "./slow_disk.bench.ts";
import { startup } from "./startup.bench.ts";
import { store } from "./store.bench.ts";
import { validate } from "./validate.bench.ts";
import { window } from "./window.bench.ts";

const BENCHES: Record<string, () => Row[] | Promise<Row[]>> = {
  ...{ chain, shapes, memory, startup, validate, csv },
  ...{ store, durable, latency, http, backlog, restart, slow_disk: slowDisk, inference, decode },
  ...{
    seeing,
    sizing,
    pictures,
    window,
    checkpoint,
    fairness,
    reload: async () => [...(await reload()), await reloadDurable()],
  },
};
const RESULTS = path.join(BENCH, "RESULTS.md");
/** The line under the table's head. */
const MARK = /^\|[ |-]+\|\n/m;

const names = words();
const unknown = names.find((name) => !(name in BENCHES));
if (unknown !== undefined) {
  console.error(`no bench is called "${unknown}": there are ${Object.keys(BENCHES).join(", ")}`);
  process.exit(2);
}
const lines: string[] = [];
let missed = 0;
for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
  for (const row of await BENCHES[name]!()) {
    const line = tableLine(row);
    lines.push(line);
    if (row.ok === false) missed += 1;
    console.log(line);
  }
}
if (process.argv.includes("--record")) {
  const text = fs.readFileSync(RESULTS, "utf8").replace("<machine>", machine());
  fs.writeFileSync(
    RESULTS,
    text.replace(MARK, (mark) => `${mark}${lines.join("\n")}\n`),
  );
}
process.exit(missed > 0 ? 1 : 0);

function tableLine({ what, figure, beside, ratio, reach, ok, command }: Row): string {
  const date = new Date().toISOString().slice(0, 10);
  const verdict = reach === undefined ? "reported" : `${reach}: ${ok ? "reached" : "missed"}`;
  const cells = [date, commit(), what, figure, beside, ratio?.toFixed(2) ?? "—", verdict, `\`${command}\``];
  return `| ${cells.join(" | ")} |`;
}

function commit(): string {
  const git = (...args: string[]) =>
    Bun.spawnSync(["git", ...args], { cwd: BENCH })
      .stdout.toString()
      .trim();
  return (
    git("rev-parse", "--short=10", "HEAD") + (git("status", "--porcelain", "--", "../../src") === "" ? "" : "-dirty")
  );
}

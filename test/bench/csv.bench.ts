import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { seededRandom } from "../../src/base/random.ts";
import { bun, median, type Row, rounds, schnitzel, speedRatio, type Timed, time } from "./measure.ts";

const BYTES = 100 * 1024 * 1024;
const CITIES = ["Seattle", "Wien", "Seoul", "Lagos", "Lima"];

/** 100 MB of CSV → filter → JSONL beside the same work written by hand, with the same bytes as result. */
export function csv(): Row[] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "schnitzel-bench-"));
  try {
    const input = path.join(folder, "in.csv");
    const outputs = ["ours", "readline", "chunks"].map((name) => path.join(folder, `${name}.jsonl`));
    writeCsv(input);
    const [ours, readline, chunks] = rounds(3, [
      () =>
        time(schnitzel("run", "graphs/csv.yaml", "--log-level", "error"), {
          CSV_IN: input,
          CSV_OUT: fresh(outputs[0]!),
        }),
      () => time(bun("csv_loop.ts", input, fresh(outputs[1]!))),
      () => time(bun("csv_chunks.ts", input, fresh(outputs[2]!))),
    ]) as [Timed[], Timed[], Timed[]];
    const [first, ...others] = outputs.map((file) => Bun.hash(fs.readFileSync(file)));
    const same = others.every((hash) => hash === first);
    const speed = (runs: readonly Timed[]) => `${(BYTES / 1e3 / median(runs.map(({ ms }) => ms))).toFixed(0)} MB/s`;
    const row = (beside: string, theirs: Timed[], reach?: number): Row => {
      const ratio = speedRatio(ours, theirs);
      return {
        what: "CSV (100 MB) → filter → JSONL, same bytes out",
        figure: speed(ours),
        beside: `${beside} ${speed(theirs)}`,
        ratio,
        ...(reach === undefined ? {} : { reach: `≥ ${reach}`, ok: same && ratio >= reach }),
        command: "schnitzel run graphs/csv.yaml",
      };
    };
    return [
      row("hand-written Bun loop (readline, split, JSON.stringify)", readline, 0.7),
      row("hand-written Bun loop by whole chunks, fields checked, no quotes", chunks, 0.7),
    ];
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** The sink appends, so each round begins without the file. */
function fresh(file: string): string {
  fs.rmSync(file, { force: true });
  return file;
}

function writeCsv(file: string) {
  const random = seededRandom(1);
  const out = fs.openSync(file, "w");
  fs.writeSync(out, "id,name,city,temperature,ok\n");
  for (let id = 0, written = 0; written < BYTES; ) {
    let text = "";
    while (text.length < 1 << 20) {
      const city = CITIES[random.uint32() % CITIES.length]!;
      text += `${id},sensor-${id % 1_000},${city},${(random.float() * 60 - 20).toFixed(2)},${id % 3 === 0}\n`;
      id += 1;
    }
    written += fs.writeSync(out, text);
  }
  fs.closeSync(out);
}

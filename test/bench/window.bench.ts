import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { seededRandom } from "../../src/base/random.ts";
import { bun, millions, type Row, rounds, schnitzel, speedRatio, type Timed, time } from "./measure.ts";

const ROWS = 3_000_000;
const KEYS = 1_000;

/** A keyed tumbling window over a file beside the same work written by hand, with the same bytes as result. */
export function window(): Row[] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "schnitzel-bench-"));
  try {
    const input = path.join(folder, "in.csv");
    const [ours, theirs] = [path.join(folder, "ours.jsonl"), path.join(folder, "theirs.jsonl")];
    writeReadings(input);
    const [us, hand] = rounds(5, [
      () =>
        time(schnitzel("run", "graphs/window.yaml", "--log-level", "error"), {
          WINDOW_IN: input,
          WINDOW_OUT: fresh(ours),
        }),
      () => time(bun("window_loop.ts", input, theirs)),
    ]) as [Timed[], Timed[]];
    const same = Bun.hash(fs.readFileSync(ours)) === Bun.hash(fs.readFileSync(theirs));
    const ratio = speedRatio(us, hand);
    return [
      {
        what: `tumbling window of a minute, ${KEYS} keys, count, mean, min and max (CSV in, JSONL out, same bytes)`,
        figure: millions(ROWS, us),
        beside: `hand-written Bun loop (chunks, split, Date.parse, a Map) ${millions(ROWS, hand)}`,
        ratio,
        reach: "≥ 0.5, the same bytes",
        ok: same && ratio >= 0.5,
        command: "schnitzel run graphs/window.yaml",
      },
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

/** A reading every millisecond, of sensors in no order. */
function writeReadings(file: string) {
  const random = seededRandom(1);
  const startMs = Date.UTC(2026, 0, 1);
  const out = fs.openSync(file, "w");
  fs.writeSync(out, "ts,sensor,value\n");
  for (let row = 0; row < ROWS; ) {
    let text = "";
    for (const end = Math.min(ROWS, row + 20_000); row < end; row++) {
      const ts = new Date(startMs + row).toISOString();
      text += `${ts},sensor-${random.uint32() % KEYS},${random.uint32() % 10_000}\n`;
    }
    fs.writeSync(out, text);
  }
  fs.closeSync(out);
}

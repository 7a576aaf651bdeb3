import * as fs from "node:fs";
import { BENCH, megabytes, type Row, schnitzel } from "./measure.ts";

const PACKETS = 50_000_000;
const SAMPLE_MS = 50;

/** Resident memory while 50 million packets pass: the end against the first tenth. Linux only. */
export async function memory(): Promise<Row[]> {
  if (process.platform !== "linux") return [];
  const args = ["run", "graphs/chain.yaml", "--set", `nodes.source.config.count=${PACKETS}`, "--log-level", "error"];
  const child = Bun.spawn(schnitzel(...args), { cwd: BENCH, stdout: "ignore", stderr: "ignore" });
  const samples: number[] = [];
  while (child.exitCode === null) {
    samples.push(residentBytes(child.pid));
    await Bun.sleep(SAMPLE_MS);
  }
  // The engine runs at a steady rate, so a tenth of the time is a tenth of the packets.
  const held = samples.filter((bytes) => bytes > 0);
  const early = Math.max(...held.slice(0, Math.ceil(held.length / 10) + 1));
  const last = held.at(-1)!;
  return [
    {
      what: `resident memory over ${PACKETS / 1e6} M packets`,
      figure: `${megabytes(last)} at the end`,
      beside: `${megabytes(early)} at 5 M, ${megabytes(Math.max(...held))} at most`,
      ratio: early / last,
      reach: "last ≤ 1.1 × the value at 5 M",
      ok: last <= 1.1 * early,
      command: `schnitzel ${args.slice(0, 4).join(" ")}`,
    },
  ];
}

function residentBytes(pid: number): number {
  try {
    const line = fs.readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+) kB/);
    return line === null ? 0 : Number(line[1]) * 1024;
  } catch {
    return 0;
  }
}

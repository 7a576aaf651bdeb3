import { queueOf, thousands, withState } from "./durable.bench.ts";
import { BENCH, type Row, schnitzel } from "./measure.ts";

const DELAY_MS = 5;
const SECONDS = 8;
/** Between two looks at the event loop; each is one HTTP request. */
const PROBE_MS = 10;

/** Every fsync takes 5 ms more: the commits grow, and the event loop does not wait for them. */
export async function slowDisk(): Promise<Row[]> {
  if (Bun.which("strace") === null) throw new Error("strace is absent: apt-get install strace");
  return withState(async (dir) => {
    const strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync"];
    const inject = ["-e", `inject=fsync,fdatasync:delay_enter=${DELAY_MS * 1_000}`];
    const run = ["run", "graphs/durable_away.yaml", "--state-dir", dir, "--max-seconds", String(SECONDS)];
    const flags = ["--drain-seconds", "0", "--report-json", "--log-level", "off", "--http", "127.0.0.1:7171"];
    const child = Bun.spawn([...strace, ...inject, ...schnitzel(...run, ...flags)], { cwd: BENCH, stderr: "ignore" });
    const probes = probe("http://127.0.0.1:7171/healthz", SECONDS - 2);
    const text = await new Response(child.stdout).text();
    const waits = (await probes).sort((a, b) => a - b);
    const report = JSON.parse(text.trim().split("\n").at(-1)!);
    const { enqueued, commits, committed_rows } = queueOf(report);
    const perSecond = (enqueued! / report.duration_ms) * 1_000;
    const p99 = waits[Math.floor(waits.length * 0.99)]!;
    return [
      {
        what: `enqueue with +${DELAY_MS} ms for each fsync; p99 of ${waits.length} looks at /healthz meanwhile`,
        figure: `${thousands(perSecond)}/s, ${Math.round(committed_rows! / commits!)} rows a commit, ${p99.toFixed(1)} ms`,
        beside: "—",
        reach: "≥ 10 k/s, < 20 ms",
        ok: perSecond >= 10_000 && p99 < 20,
        command: "bun run bench slow_disk",
      },
    ];
  });
}

async function probe(url: string, seconds: number): Promise<number[]> {
  const waits: number[] = [];
  const endMs = performance.now() + seconds * 1_000;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    const answered = await fetch(url).then(
      (response) => response.text(),
      () => undefined,
    );
    // Until it listens nothing answers.
    if (answered !== undefined) waits.push(performance.now() - startMs);
    await Bun.sleep(PROBE_MS);
  }
  if (waits.length < 100) throw new Error(`only ${waits.length} looks at the event loop succeeded`);
  return waits;
}

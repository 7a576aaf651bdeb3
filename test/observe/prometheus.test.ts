import { expect, test } from "bun:test";
import { METRICS, metricsPage, type RunSnapshot } from "../../src/observe/index.ts";
import { metricsText } from "../../src/observe/prometheus.ts";
import { needs } from "../support/part.ts";
import { checkpoints, runSnapshot, troubledRun } from "../support/run.ts";

const scrape = (run: RunSnapshot) => metricsText(run, { monotonicMs: 1_500, rssBytes: 40e6, cpuSec: 1.25 });

async function promtool(text: string) {
  const check = Bun.spawn(["promtool", "check", "metrics"], {
    stdin: new Blob([text]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([new Response(check.stdout).text(), new Response(check.stderr).text()]);
  return { exitCode: await check.exited, findings: out + err };
}

needs("promtool")("metricsText() passes promtool check metrics", async () => {
  expect(await promtool(await scrape(troubledRun()))).toEqual({ exitCode: 0, findings: "" });
});

needs("promtool")(
  "metricsText() passes promtool for two edges between the same ports and names that need escapes",
  async () => {
    const run = runSnapshot();
    const odd = { ...run.edges[0]!, from: 'say "hi"\\\n' };
    const text = await scrape({ ...run, edges: [odd, odd] });
    expect(await promtool(text)).toEqual({ exitCode: 0, findings: "" });
    expect(text).toContain("person.in #2");
  },
);

needs("promtool")("promtool refuses a metric that breaks the naming rules, so the check above can fail", async () => {
  const { exitCode } = await promtool("# TYPE schnitzel_waitMs counter\nschnitzel_waitMs 1\n");
  expect(exitCode).not.toBe(0);
});

test("metricsText() has every metric of the catalogue and no other", async () => {
  const named = [...(await scrape(troubledRun())).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [
    name,
    type,
  ]);
  expect(named).toEqual(Object.entries(METRICS).map(([name, { type }]) => [name, type]));
});

test("metricsText() labels samples as the catalogue says", async () => {
  const text = await scrape(troubledRun());
  for (const [name, { labels, type }] of Object.entries(METRICS)) {
    const series = type === "histogram" ? `${name}_sum` : name;
    const [, found = ""] = new RegExp(`^${series}(?:\\{(.*)\\})? `, "m").exec(text) ?? [];
    expect([name, [...found.matchAll(/(\w+)="/g)].map(([, label]) => label!)]).toEqual([name, [...labels]]);
  }
});

test("metricsText() reads the counts from the snapshot", async () => {
  const lines = (await scrape(troubledRun())).split("\n");
  expect(lines).toContain('schnitzel_node_consumed_packets_total{node="person"} 10');
  expect(lines).toContain('schnitzel_node_dropped_packets_total{node="person",reason="drop_oldest"} 4');
  expect(lines).toContain('schnitzel_node_own{node="person",metric="inference_ms"} 12.5');
  expect(lines).toContain('schnitzel_node_own_total{node="person",metric="frames_total"} 10');
  expect(lines).toContain('schnitzel_inbox_packets{node="person",port="in"} 3');
  expect(lines).toContain('schnitzel_run_status{status="degraded"} 1');
  expect(lines).toContain("schnitzel_progress_age_seconds 1.5");
  expect(lines).toContain("process_resident_memory_bytes 40000000");
});

test("metricsText() tells the size of the blob store, when the run has one", async () => {
  const text = await scrape(runSnapshot({ blobs: { files: 3, bytes: 4_096 } }));
  expect(text).toContain("schnitzel_blob_files 3\n");
  expect(text).toContain("schnitzel_blob_bytes 4096\n");
  expect(await scrape(runSnapshot())).not.toMatch(/^schnitzel_blob_/m);
});

test("metricsText() tells of checkpoints, when the run keeps state", async () => {
  const lines = (await scrape(runSnapshot({ checkpoints: checkpoints() }))).split("\n");
  expect(lines).toContain("schnitzel_checkpoint_age_seconds 1.5");
  expect(lines).toContain("schnitzel_checkpoints_total 1");
  expect(lines).toContain('schnitzel_checkpoint_skipped_total{reason="busy",node="person"} 2');
  expect(lines).toContain('schnitzel_checkpoint_pause_seconds{of="max"} 0.004');
  expect(lines).toContain('schnitzel_checkpoint_bytes{of="file"} 40960');
  expect(lines).toContain('schnitzel_checkpoint_states{outcome="dropped"} 1');
  expect(await scrape(runSnapshot())).not.toMatch(/^schnitzel_checkpoint_.* /m);
});

test("metricsText() tells what was done with each cell of the blackboard", async () => {
  const cells = [{ name: "mode", writes: 3, refused: 1, expired: 2, bytes: 7 }];
  const lines = (await scrape(runSnapshot({ cells }))).split("\n");
  expect(lines.filter((line) => line.startsWith("schnitzel_cell_"))).toEqual([
    'schnitzel_cell_writes_total{cell="mode"} 3',
    'schnitzel_cell_refused_total{cell="mode"} 1',
    'schnitzel_cell_expired_total{cell="mode"} 2',
    'schnitzel_cell_bytes{cell="mode"} 7',
  ]);
});

test("metricsText() gives each of a node's own numbers once, as counter or as gauge", async () => {
  const own = (await scrape(troubledRun())).match(/^schnitzel_node_own.*(?=\{)/gm);
  expect(own).toEqual(["schnitzel_node_own_total", "schnitzel_node_own"]);
});

test("metricsText() gives waits as a cumulative histogram in seconds", async () => {
  const lines = (await scrape(troubledRun())).split("\n");
  const edge = 'edge="cam.out -> person.in"';
  expect(lines).toContain(`schnitzel_edge_wait_seconds_bucket{${edge},le="0.001"} 0`);
  expect(lines).toContain(`schnitzel_edge_wait_seconds_bucket{${edge},le="0.004"} 9`);
  expect(lines).toContain(`schnitzel_edge_wait_seconds_bucket{${edge},le="4.096"} 10`);
  expect(lines).toContain(`schnitzel_edge_wait_seconds_bucket{${edge},le="+Inf"} 10`);
  expect(lines).toContain(`schnitzel_edge_wait_seconds_sum{${edge}} 2.018`);
  expect(lines).toContain(`schnitzel_edge_wait_seconds_count{${edge}} 10`);
});

test("metricsText() carries no message of an error, so no secret either", async () => {
  expect(await scrape(troubledRun())).not.toContain("hunter22");
});

test("metricsPage() lists every metric and every reason of a drop", () => {
  const page = metricsPage();
  for (const name of Object.keys(METRICS)) expect(page).toContain(`| \`${name}\` |`);
  expect(page).toContain("| `drop_oldest` |");
});

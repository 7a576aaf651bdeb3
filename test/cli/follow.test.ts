import { expect, test } from "bun:test";
import { binary } from "../support/binary.ts";
import { folderWith } from "../support/cli.ts";

const GRAPH = `version: 2
nodes:
  - { id: log, plugin: file_source, config: { path: app.log, format: lines, follow: true, poll_ms: 20 } }
  - { id: show, plugin: print_sink, config: { format: payload } }
edges: [{ from: log, to: show }]
`;

/** Five rounds of 200 lines; the log is moved away and made anew between them, as logrotate does by default. */
const MOVED = `
i=1
for round in 1 2 3 4 5; do
  for n in $(seq 200); do i=$((i + 1)); echo "line $i" >> app.log; done
  rm -f app.log.2; [ -f app.log.1 ] && mv app.log.1 app.log.2
  mv app.log app.log.1
  # A program that has the old file open writes to it until it is told.
  i=$((i + 1)); echo "line $i" >> app.log.1
  : > app.log
  sleep 0.4
done
i=$((i + 1)); echo "line $i" >> app.log
echo $i > total
`;

/** As logrotate's copytruncate: what is written between the copy and the cut is lost by design, so nothing is. */
const TRUNCATED = `
i=1
for round in 1 2 3 4 5; do
  for n in $(seq 200); do i=$((i + 1)); echo "line $i" >> app.log; done
  sleep 0.4
  cp app.log app.log.1
  : > app.log
done
# Longer than what was there before, at once.
for n in $(seq 300); do i=$((i + 1)); echo "line $i"; done >> app.log
echo $i > total
`;

test.each([
  ["is moved away and made anew", MOVED, { rotations_total: 5, truncations_total: 0 }],
  ["is copied and cut to nothing", TRUNCATED, { rotations_total: 0, truncations_total: 5 }],
])(
  "file_source follows a log that %s, every line exactly once",
  async (_, script, metrics) => {
    using folder = folderWith({ "g.yaml": GRAPH, "app.log": "line 1\n" });
    const child = Bun.spawn([binary(), "run", "g.yaml", "--report-json"], { cwd: folder.folder, stdout: "pipe" });
    const [first, printed] = child.stdout.tee();
    // The file is open once its first line is here; one that was moved away before that is nobody's to follow.
    await first.getReader().read();
    expect(await Bun.spawn(["sh", "-ec", script], { cwd: folder.folder }).exited).toBe(0);
    const total = Number(await Bun.file(folder.at("total")).text());
    // Ten looks at the file: what was read twice would show by then.
    await Bun.sleep(400);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    const lines = (await new Response(printed).text()).trimEnd().split("\n");
    const report = JSON.parse(lines.pop()!);
    expect(lines.map((line) => JSON.parse(line).line)).toEqual(
      Array.from({ length: total }, (_, at) => `line ${at + 1}`),
    );
    expect(report).toMatchObject({ status: "ok", stop_reason: "signal" });
    expect(report.node_metrics.log).toMatchObject({ records_total: total, rejected_total: 0, ...metrics });
  },
  30_000,
);

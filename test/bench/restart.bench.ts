import * as path from "node:path";
import { sleep, systemClock } from "../../src/base/clock.ts";
import { seededRandom } from "../../src/base/random.ts";
import { thisMachine } from "../../src/drill/machine.ts";
import { makeFolder, removeFolder } from "../../src/drill/mounts.ts";
import { plainPlace } from "../../src/drill/place.ts";
import { DEFAULTS } from "../../src/drill/settings.ts";
import { Stage } from "../../src/drill/stage.ts";
import { spreadOf } from "../../src/drill/statistics.ts";
import { binary, ROOT } from "../support/binary.ts";
import type { Row } from "./measure.ts";

/** Of 100 restarts the slowest but one is the p99. */
const RESTARTS = 100;
const ROWS = 10_000;
/** A queue takes 10,000 rows in some seconds; a minute means that it takes none. */
const FILL_MS = 60_000;

/** A graph that is killed while rows wait: from the start of the process to the first packet at the backend. */
export async function restart(): Promise<Row[]> {
  const folder = makeFolder();
  const stage = new Stage(options(), await plainPlace(folder), seededRandom(1), "restart");
  try {
    await stage.open();
    for (let round = 0; round < RESTARTS; round++) await oneRestart(stage);
    const spread = spreadOf(stage.firstDeliveryMs);
    if (spread?.count !== RESTARTS) throw new Error(`${RESTARTS - (spread?.count ?? 0)} restarts delivered nothing`);
    const { p50, p99, max } = spread;
    return [
      {
        what: `kill -9 and start with ${ROWS.toLocaleString("en-US")} rows waiting: start to first delivery, ${RESTARTS} times`,
        figure: `p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, max ${max.toFixed(0)} ms`,
        beside: "—",
        reach: "p99 < 1 s",
        ok: p99 < 1_000,
        command: "bun run bench restart",
      },
    ];
  } finally {
    await stage.close();
    await removeFolder(folder);
  }
}

async function oneRestart(stage: Stage) {
  const { backend, child, clock, recorder } = stage;
  backend.mood = "unavailable";
  const startMs = clock.monotonicMs();
  while (recorder.ledger.missing < ROWS) {
    if (clock.monotonicMs() - startMs > FILL_MS) throw new Error(`${recorder.ledger.missing} rows wait after a minute`);
    await sleep(clock, 10);
  }
  await child.kill();
  backend.mood = "well";
  child.start();
  await stage.recovers();
}

function options() {
  return {
    ...DEFAULTS,
    target: {
      name: "--demo",
      file: path.join(ROOT, "src/cli/drill_demo.yaml"),
      source: { id: "in", path: "/packets" },
      sink: { id: "out" },
      comparesPayloads: true,
      headers: {},
      arguments: [],
    },
    faults: [],
    seed: 1,
    keep: undefined,
    // Slower than the queue can: the rows that come during a hundred restarts are not to be many times the backlog.
    load: { partitions: 32, fillerBytes: 200, pauseMs: 15 },
    program: [binary()],
    env: process.env,
    cwd: ROOT,
    machine: thisMachine(process.env),
    clock: systemClock,
    signal: new AbortController().signal,
    progress: () => {},
  };
}

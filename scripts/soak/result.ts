import { readKept } from "../../src/drill/kept.ts";
import { slope, spreadOf, upperBound95 } from "../../src/drill/statistics.ts";
import { percent, spread } from "../../src/drill/text.ts";
import type { Lane } from "./lane.ts";

export type RssSample = readonly [hours: number, megabytes: number];

/** One line of the table, after the graph has stopped. */
export async function laneRow(lane: Lane, faults: readonly string[], rss: readonly RssSample[]): Promise<LaneResult> {
  const { canary, name, stage } = lane;
  const kept = await readKept(stage.place.state);
  const account = stage.recorder.ledger.account(kept);
  const { acknowledged, lost, duplicated, outOfOrder, corrupted, waiting, dead } = account;
  const share = (part: number, whole: number) => `${((100 * part) / Math.max(1, whole)).toFixed(2)} %`;
  const down = canary.outagesSec;
  const mttr = down.length === 0 ? "-" : `${(down.reduce((sum, sec) => sum + sec, 0) / down.length).toFixed(1)} s`;
  const cells = {
    graph: name,
    faults: countsOf(faults),
    acknowledged: acknowledged.toLocaleString("en-US"),
    lost: `${lost} (≤ ${percent(upperBound95(lost, acknowledged))})`,
    "waiting/dead": `${waiting}/${dead}`,
    duplicated: duplicated.toLocaleString("en-US"),
    "out of order": String(outOfOrder),
    corrupt: String(corrupted),
    "ready, all": share(canary.ready, canary.looks),
    "ready, calm": share(canary.calmReady, canary.calmLooks),
    "seconds with a 202": share(canary.taking, canary.looks),
    MTTR: mttr,
    "first delivery p50/p99/max": spread(spreadOf(stage.firstDeliveryMs)),
    "RSS MB: last, slope/h": rss.length === 0 ? "-" : `${rss.at(-1)![1].toFixed(0)}, ${rssSlope(lane, rss)}`,
    "ended by itself": String(stage.child.deaths.length),
  };
  const ok = lost + outOfOrder + corrupted + waiting + kept.findings.length + stage.child.deaths.length === 0;
  return { cells, ok, remarks: [...stage.remarks, ...kept.findings, ...stage.child.deaths.map(({ end }) => end)] };
}

export interface LaneResult {
  readonly cells: Readonly<Record<string, string>>;
  readonly ok: boolean;
  readonly remarks: readonly string[];
}

/** Caches fill and code is compiled in the first minutes. */
const WARM_UP_HOURS = 5 / 60;

/** Of a graph that is never killed; the others begin anew with every fault. */
function rssSlope({ killable }: Lane, rss: readonly RssSample[]): string {
  const warm = rss.filter(([hours]) => hours >= WARM_UP_HOURS);
  return killable || warm.length < 2 ? "-" : slope(warm).toFixed(2);
}

function countsOf(names: readonly string[]): string {
  const counts = Map.groupBy(names, (name) => name);
  return [...counts].map(([name, { length }]) => `${length} ${name}`).join(", ") || "none";
}

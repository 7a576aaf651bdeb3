import * as v from "valibot";
import type { Reach } from "./leading.ts";
import type { SourceTime } from "./source_time.ts";

const stateShape = v.strictObject({
  version: v.literal(1),
  sources: v.record(
    v.string(),
    v.pipe(
      v.strictObject({ ids: v.array(v.string()), times: v.instance(Float64Array) }),
      v.check(({ ids, times }) => ids.length === times.length, "must have one time for each id"),
    ),
  ),
  told: v.record(v.string(), v.number()),
});

/** Event time as a checkpoint keeps it: plain values. */
export type EventTimeState = v.InferOutput<typeof stateShape>;

/** Of sources the highest time of each id, of nodes what they were told last. An end of input is for one run only. */
export function stateOf(sources: ReadonlyMap<string, SourceTime>, reaches: readonly Reach[]): EventTimeState {
  const seen = [...sources].map(([id, time]) => {
    const all = [...time.seen()];
    return [id, { ids: all.map(([one]) => one), times: Float64Array.from(all, ([, tsMs]) => tsMs) }] as const;
  });
  const told = reaches
    .map(({ node }) => [node.id, node.timed!.toldMs] as const)
    .filter(([, toldMs]) => Number.isFinite(toldMs));
  return { version: 1, sources: Object.fromEntries(seen), told: Object.fromEntries(told) };
}

/** Puts a state in place. Sources and nodes that are no more, or have none, are passed over. Throws for what is none. */
export function readState(
  given: unknown,
  sources: ReadonlyMap<string, SourceTime>,
  reaches: readonly Reach[],
  nowMs: number,
) {
  const read = v.safeParse(stateShape, given);
  if (!read.success) throw new Error(`cannot restore event time: ${v.summarize(read.issues)}`);
  for (const [id, { ids, times }] of Object.entries(read.output.sources)) {
    const time = sources.get(id);
    for (const [at, sourceId] of ids.entries()) time?.restore(sourceId, times[at]!, nowMs);
  }
  for (const { node } of reaches) {
    const toldMs = read.output.told[node.id];
    if (toldMs !== undefined) node.timed!.toldMs = toldMs;
  }
}

import { systemClock } from "../base/clock.ts";
import { DURATION, durationMs } from "../graph/index.ts";
import { type FlagValues, flag, UsageError } from "./command/index.ts";
import { whereCondition } from "./queue_where.ts";

/** Flags that say which rows a command is about; they all have to hold. */
export const FILTER_FLAGS = {
  where: flag.text("CEL", "A condition on the packet, such as payload.celsius > 40; it sees what filter sees."),
  since: flag.text(
    "TIME",
    "Enqueued, or as a dead letter failed last, at this time or later: 2026-05-01T12:00Z, or 2h for two hours ago.",
  ),
  until: flag.text("TIME", "At this time or before."),
  key: flag.text("KEY", "With this idempotency key."),
  node: flag.text("NODE", "Dead letters of this node."),
  source: flag.text("ID", "From this source_id."),
  kind: flag.text("KIND", "Of this kind."),
  seq: flag.text("A..B", "With these numbers; 7, 7.. and ..7 will do."),
};

export const DEAD_FLAG = { dead: flag.toggle("Dead letters, instead of rows that wait.") };

/** The flags as arguments of a verb. Throws a UsageError for what cannot be meant. */
export function filterArguments(
  { since, until, seq, where, ...flags }: FlagValues<typeof FILTER_FLAGS>,
  dead: boolean,
) {
  const { key, node, source, kind } = flags;
  if (node !== undefined && !dead) throw new UsageError("--node is for dead letters", "add --dead");
  if (where !== undefined) checkWhere(where);
  const given = {
    ...{ dead, where, key, node, source, kind },
    since_ms: since === undefined ? undefined : timeOf("--since", since),
    until_ms: until === undefined ? undefined : timeOf("--until", until),
    ...(seq === undefined ? {} : range(seq)),
  };
  // What is left out is not sent.
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function checkWhere(where: string) {
  try {
    whereCondition(where);
  } catch (error) {
    throw new UsageError(`--where cannot be used: ${(error as Error).message}`);
  }
}

function timeOf(name: string, text: string): number {
  if (DURATION.test(text)) return systemClock.nowMs() - durationMs(text);
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new UsageError(
    `${name} must be a time such as 2026-05-01T12:00Z, or 2h for two hours ago: current value is "${text}"`,
  );
}

function range(text: string): { from_seq: number; to_seq?: number } {
  const [, from, dots, to] = /^(\d*)(\.\.)?(\d*)$/.exec(text) ?? [];
  if (from === undefined || (from === "" && (to === "" || to === undefined))) {
    throw new UsageError(`--seq must be a number or a range such as 10..20: current value is "${text}"`);
  }
  const from_seq = from === "" ? 1 : Number(from);
  if (dots === undefined) return { from_seq, to_seq: from_seq };
  if (to === "") return { from_seq };
  if (Number(to) < from_seq) {
    throw new UsageError(
      `--seq must go upwards, as no row is in ${text}`,
      `${to}..${from} is the range between the two`,
    );
  }
  return { from_seq, to_seq: Number(to) };
}

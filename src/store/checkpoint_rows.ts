import type { DoneRows, KeptCheckpoint, KeptState } from "./checkpoint.ts";
import { stateOf } from "./state_codec.ts";
import type { Statements } from "./statements.ts";

interface StateRow {
  part: string;
  since: number;
  kind: string;
  version: number;
  taken_ms: number;
  checksum: Uint8Array;
  body: Uint8Array<ArrayBuffer>;
}

/** The newest checkpoint in a file; undefined before the first. */
export function checkpointIn(sql: Pick<Statements, "get" | "all">): KeptCheckpoint | undefined {
  const newest = sql.get<{ seq: number; graph: string; taken_ms: number }>(NEWEST);
  if (newest === null) return undefined;
  const rows = Map.groupBy(sql.all<StateRow>(STATES), ({ part }) => part);
  const states = [...rows.values()].map((of) => keptState(of));
  return { seq: newest.seq, graph: newest.graph, takenMs: newest.taken_ms, states, done: doneIn(sql) };
}

function doneIn(sql: Pick<Statements, "all">): DoneRows[] {
  const rows = sql.all<{ queue: string; from_seq: number; to_seq: number; newest_ms: number }>(DONE);
  return [...Map.groupBy(rows, ({ queue }) => queue)].map(([queue, of]) => ({
    queue,
    runs: of.map(({ from_seq: from, to_seq: to }) => ({ from, to })),
    newestMs: of[0]!.newest_ms,
  }));
}

/** Of the rows of one part, the newest first. */
function keptState(rows: readonly StateRow[]): KeptState {
  const faults: string[] = [];
  for (const row of rows) {
    const { part, kind, version, taken_ms: takenMs, body } = row;
    try {
      if (Buffer.compare(row.checksum, checksumOf(row)) !== 0) throw new Error("its checksum does not match");
      return { part, kind, version, takenMs, bytes: body.length, state: stateOf(body), fault: faults[0] };
    } catch (error) {
      faults.push((error as Error).message);
    }
  }
  const { part, kind, version, taken_ms: takenMs, body } = rows[0]!;
  return { part, kind, version, takenMs, bytes: body.length, state: undefined, fault: faults[0] };
}

/** SHA-256, as it also tells whether a state has changed. */
export function checksumOf({
  part,
  kind,
  version,
  body,
}: Pick<StateRow, "part" | "kind" | "version"> & { body: Uint8Array }) {
  const head = JSON.stringify([part, kind, version]);
  return new Uint8Array(new Bun.CryptoHasher("sha256").update(head).update(body).digest());
}

const NEWEST = "SELECT seq, graph, taken_ms FROM checkpoints ORDER BY seq DESC LIMIT 1";
const STATES = "SELECT * FROM states ORDER BY part, since DESC";
export const CHECKSUM = "SELECT checksum FROM states WHERE part = ? ORDER BY since DESC LIMIT 1";
const DONE = "SELECT queue, from_seq, to_seq, newest_ms FROM done ORDER BY rowid";

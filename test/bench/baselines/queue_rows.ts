/** What both baselines write: the columns of a queue, a unique key, rows such as `generate_source` makes. */
export const TABLE = `CREATE TABLE packets (seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE,
  packet_id TEXT, ts TEXT, kind TEXT, source_id TEXT, payload TEXT, meta TEXT)`;

export type QueueRow = [string, string, string, string, string, string, string];

/** Made before the clock starts, which our side does not have. */
export function rowsOf(count: number): QueueRow[] {
  return Array.from({ length: count }, (_, at) => {
    const id = Bun.randomUUIDv7();
    return [id, id, "2026-01-01T00:00:00.000Z", "raw", "gen", JSON.stringify({ i: at }), "{}"];
  });
}

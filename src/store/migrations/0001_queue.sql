-- Times are milliseconds of the queue's own clock: the wall clock once at open, monotonic from there on.
CREATE TABLE packets (
  -- AUTOINCREMENT: a number is never given twice, so the numbers in a file have no gap but what was settled.
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  enqueued_ms INTEGER NOT NULL,
  packet_id TEXT NOT NULL,
  ts TEXT NOT NULL,
  kind TEXT NOT NULL,
  source_id TEXT NOT NULL,
  payload TEXT NOT NULL,
  meta TEXT NOT NULL,
  crc INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  not_before_ms INTEGER NOT NULL DEFAULT 0,
  holder TEXT,
  lease_until_ms INTEGER,
  first_failed_ms INTEGER,
  last_error TEXT
) STRICT;

CREATE INDEX packets_leased ON packets (lease_until_ms) WHERE lease_until_ms IS NOT NULL;

-- Set aside for a person, out of the way of the rows that go on.
CREATE TABLE dead_letters (
  seq INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  enqueued_ms INTEGER NOT NULL,
  packet_id TEXT NOT NULL,
  ts TEXT NOT NULL,
  kind TEXT NOT NULL,
  source_id TEXT NOT NULL,
  payload TEXT NOT NULL,
  meta TEXT NOT NULL,
  crc INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  first_failed_ms INTEGER NOT NULL,
  last_failed_ms INTEGER NOT NULL,
  error TEXT NOT NULL
) STRICT;

-- Keys of acknowledged rows, so that a late second copy is still known.
CREATE TABLE remembered_keys (
  key TEXT PRIMARY KEY,
  seq INTEGER NOT NULL,
  acked_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX remembered_keys_by_age ON remembered_keys (acked_ms);

-- One row. Invariant: enqueued = rows waiting or leased + dead letters + acked.
CREATE TABLE totals (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  enqueued INTEGER NOT NULL,
  acked INTEGER NOT NULL,
  dead INTEGER NOT NULL
) STRICT;

INSERT INTO totals (id, enqueued, acked, dead) VALUES (1, 0, 0, 0);

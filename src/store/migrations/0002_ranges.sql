-- Rows of `packets` are written once and removed by ranges; what changes about a few of them stands in `tries`.
-- Times are milliseconds of the queue's own clock: the wall clock once at open, monotonic from there on.
ALTER TABLE packets RENAME TO packets_1;
ALTER TABLE dead_letters RENAME TO dead_letters_1;
ALTER TABLE totals RENAME TO totals_1;

CREATE TABLE packets (
  -- AUTOINCREMENT: a number is never given twice, so the numbers in a file have no gap but what was settled.
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL,
  enqueued_ms INTEGER NOT NULL,
  packet_id TEXT NOT NULL,
  ts TEXT NOT NULL,
  kind TEXT NOT NULL,
  source_id TEXT NOT NULL,
  payload TEXT NOT NULL,
  meta TEXT NOT NULL,
  partition TEXT NOT NULL,
  crc INTEGER NOT NULL
) STRICT;

INSERT INTO packets SELECT seq, key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, '', crc
  FROM packets_1 ORDER BY seq;
-- Also when no row waits, the numbers go on.
DELETE FROM sqlite_sequence WHERE name = 'packets';
INSERT INTO sqlite_sequence (name, seq)
  SELECT 'packets', coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'packets_1'), 0);

-- Every key that is known: of a row that waits, of a dead letter, or remembered after the ack.
CREATE TABLE keys (
  seq INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE
) STRICT;

INSERT OR IGNORE INTO keys SELECT seq, key FROM packets_1 ORDER BY seq;
INSERT OR IGNORE INTO keys SELECT seq, key FROM dead_letters_1;
INSERT OR IGNORE INTO keys SELECT seq, key FROM remembered_keys;

-- Numbers that were acknowledged and whose keys are still remembered.
CREATE TABLE acked (
  from_seq INTEGER PRIMARY KEY,
  to_seq INTEGER NOT NULL,
  acked_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX acked_by_age ON acked (acked_ms);
INSERT INTO acked SELECT seq, seq, acked_ms FROM remembered_keys;

-- Rows that were tried and are not done.
CREATE TABLE tries (
  seq INTEGER PRIMARY KEY,
  attempts INTEGER NOT NULL,
  not_before_ms INTEGER NOT NULL,
  first_failed_ms INTEGER,
  error TEXT NOT NULL,
  -- 1: it was out when a process ended without a word, so it may be what ended it.
  suspect INTEGER NOT NULL,
  -- The delivery it came back from last: of that one and those before it, it is out no more.
  back INTEGER NOT NULL
) STRICT;

INSERT INTO tries SELECT seq, attempts, not_before_ms, first_failed_ms, coalesce(last_error, ''),
    lease_until_ms IS NOT NULL, 0
  FROM packets_1 WHERE attempts > 0 OR not_before_ms > 0;

-- Numbers that are out, written before they leave. What stands here when the file is opened was out in a crash.
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  from_seq INTEGER NOT NULL,
  to_seq INTEGER NOT NULL
) STRICT;

-- Set aside for a person, out of the way of the rows that go on. A key may stand here twice, for two nodes.
CREATE TABLE dead_letters (
  seq INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  enqueued_ms INTEGER NOT NULL,
  packet_id TEXT NOT NULL,
  ts TEXT NOT NULL,
  kind TEXT NOT NULL,
  source_id TEXT NOT NULL,
  payload TEXT NOT NULL,
  meta TEXT NOT NULL,
  partition TEXT NOT NULL,
  crc INTEGER NOT NULL,
  node TEXT NOT NULL,
  port TEXT NOT NULL,
  error TEXT NOT NULL,
  stack TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  first_failed_ms INTEGER NOT NULL,
  last_failed_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX dead_letters_by_key ON dead_letters (key);

INSERT INTO dead_letters SELECT seq, key, enqueued_ms, packet_id, ts, kind, source_id, payload, meta, '', crc,
    '', '', error, '', attempts, first_failed_ms, last_failed_ms
  FROM dead_letters_1;

-- One row. Invariant: given = waiting + dead + done.
CREATE TABLE totals (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  -- Numbers given.
  given INTEGER NOT NULL,
  -- Rows of `packets`, leased or not, and bytes of their payload and meta.
  waiting INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  -- Bytes of the largest row since the queue was empty: how many may be read at once.
  largest INTEGER NOT NULL,
  -- Rows of `dead_letters`, and bytes of their payload and meta.
  dead INTEGER NOT NULL,
  dead_bytes INTEGER NOT NULL,
  -- Numbers whose row is gone for good.
  done INTEGER NOT NULL,
  -- Rows of `keys` that stand for the numbers in `acked`.
  remembered INTEGER NOT NULL,
  damaged INTEGER NOT NULL,
  dropped_oldest INTEGER NOT NULL,
  expired INTEGER NOT NULL,
  dead_dropped INTEGER NOT NULL
) STRICT;

INSERT INTO totals SELECT 1, t.enqueued, w.n, w.bytes, w.largest, d.n, d.bytes, t.enqueued - w.n - d.n, r.n, 0, 0, 0, 0
  FROM totals_1 AS t,
    (SELECT count(*) AS n, coalesce(sum(size), 0) AS bytes, coalesce(max(size), 0) AS largest
      FROM (SELECT length(CAST(payload AS BLOB)) + length(CAST(meta AS BLOB)) AS size FROM packets_1)) AS w,
    (SELECT count(*) AS n, coalesce(sum(length(CAST(payload AS BLOB)) + length(CAST(meta AS BLOB))), 0) AS bytes
      FROM dead_letters_1) AS d,
    (SELECT count(*) AS n FROM remembered_keys) AS r;

DROP TABLE packets_1;
DROP TABLE dead_letters_1;
DROP TABLE remembered_keys;
DROP TABLE totals_1;

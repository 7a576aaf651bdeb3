-- Numbers are watched from outside the file (high-water mark), so they are never given twice.
CREATE TABLE checkpoints (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  graph TEXT NOT NULL,
  taken_ms INTEGER NOT NULL
) STRICT;

-- A part that has not changed keeps its row. Of each the last two are kept: `since` is the checkpoint it came with.
CREATE TABLE states (
  part TEXT NOT NULL,
  since INTEGER NOT NULL,
  kind TEXT NOT NULL,
  version INTEGER NOT NULL,
  taken_ms INTEGER NOT NULL,
  checksum BLOB NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (part, since)
) STRICT;

-- Rows of queues whose effects are in the states, until their queue files say that they are gone.
CREATE TABLE done (
  queue TEXT NOT NULL,
  from_seq INTEGER NOT NULL,
  to_seq INTEGER NOT NULL,
  newest_ms INTEGER NOT NULL
) STRICT;

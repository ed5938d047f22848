-- What a rebuild of the books needs beside the log, the chain heads that are published, and what is booked by hand.

-- The accounting day the books opened with when the log was registered. Logs of before this migration: the oldest day
-- that is known.
ALTER TABLE ingest.stream ADD first_day date;
UPDATE ingest.stream SET first_day = coalesce(
  (SELECT min(posting_date) FROM settle.day),
  (SELECT min(posting_date) FROM ingest.partition_lease AS lease WHERE lease.stream_id = stream.stream_id))
WHERE stream_id <> 0;

-- The policies a worker judged with while it held a partition, as digests: commit_log names the epoch of each batch.
CREATE TABLE ingest.tenure (
  stream_id int NOT NULL,
  part      int NOT NULL,
  epoch     bigint NOT NULL,
  policies  bytea[] NOT NULL,
  PRIMARY KEY (stream_id, part, epoch)
);

-- The head of each partition's chain when a posting date ended there: after everything below `off`, where its marker
-- stands. Whoever keeps a copy elsewhere finds a tail that was cut off.
CREATE TABLE ledger.head (
  posting_date date NOT NULL,
  stream_id    int NOT NULL,
  part         int NOT NULL,
  off          bigint NOT NULL,
  chain_head   bytea NOT NULL CHECK (length(chain_head) = 32),
  PRIMARY KEY (posting_date, stream_id, part)
);

-- Which posting undoes which: a posting is undone at most once, and what undoes one undoes nothing else.
CREATE TABLE ledger.reversal (
  stream_id    int NOT NULL,
  part         int NOT NULL,
  off          bigint NOT NULL,
  ord          int NOT NULL,
  by_stream_id int NOT NULL,
  by_part      int NOT NULL,
  by_off       bigint NOT NULL,
  by_ord       int NOT NULL,
  PRIMARY KEY (stream_id, part, off, ord),
  UNIQUE (by_stream_id, by_part, by_off, by_ord)
);

-- What the back office books by hand: proposed by one person, approved by another, each bound to the digest.
CREATE TABLE settle.adjustment (
  adjustment_id uuid PRIMARY KEY,
  event         text NOT NULL,                  -- in the words of ledger::events::FORMS
  statement_id  uuid,                           -- the bank line it explains
  ordinal       int,
  item          text,                           -- reference of the bank item it settles
  case_no       text NOT NULL,
  reason        text NOT NULL,
  digest        bytea NOT NULL,
  state         text NOT NULL CHECK (state IN ('proposed', 'approved', 'withdrawn')),
  maker         text NOT NULL,
  proposed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  checker       text,
  approved_at   timestamptz,
  off           bigint UNIQUE,                  -- where its posting stands among the office's
  CHECK (maker <> checker),
  CHECK ((state = 'approved') = (checker IS NOT NULL AND approved_at IS NOT NULL AND off IS NOT NULL)),
  CHECK ((statement_id IS NULL) = (ordinal IS NULL))
);

-- Who works, what was told, what every device still has to send.

-- The workers of a log that live: how many there are says how many partitions one of them should hold. Liveness only:
-- no row here ever lets anybody post.
CREATE TABLE ingest.worker (
  stream_id  int NOT NULL,
  owner      text NOT NULL,
  live_until timestamptz NOT NULL,
  PRIMARY KEY (stream_id, owner)
);

-- A stream nothing can come from any more, as when its topic was deleted. It holds no day open.
ALTER TABLE ingest.stream ADD COLUMN retired_at timestamptz;
ALTER TABLE ingest.stream ADD COLUMN retired_by text;
ALTER TABLE ingest.stream ADD CHECK ((retired_at IS NULL) = (retired_by IS NULL));

-- ─── the outbox: what is to be told, written in the posting transaction ───────────────────────────────────────────

-- One row a message, a few a batch and partition (docs/adr/0009). from_off is where the batch began; a partition has one
-- writer at a time, so the key is in commit order. Rows leave when the topic has taken them.
CREATE TABLE ingest.outbox (
  stream_id int NOT NULL,
  part      int NOT NULL,
  from_off  bigint NOT NULL,
  ordinal   int NOT NULL,
  topic     text NOT NULL CHECK (topic IN ('postings', 'denylist')),
  bytes     bytea NOT NULL,
  PRIMARY KEY (stream_id, part, from_off, ordinal)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
-- Compressing what is deleted a moment later costs more than it saves.
ALTER TABLE ingest.outbox ALTER bytes SET STORAGE EXTERNAL;

-- Who tells a partition's news: lease and fence, as ingest.partition_lease is for posting.
CREATE TABLE ingest.relay_lease (
  stream_id   int NOT NULL,
  part        int NOT NULL,
  owner       text,
  epoch       bigint NOT NULL DEFAULT 0,
  lease_until timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (stream_id, part)
);

-- What the house has of every journal: a set of sequences, which in good times is one range. What lies between its
-- ranges is missing: still on the device, or lost.
CREATE TABLE ingest.journal_mark (
  device_id  bigint NOT NULL,
  journal_id bigint NOT NULL,
  have       int8multirange NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (device_id, journal_id)
) WITH (fillfactor = 70);

-- ─── the deny list ────────────────────────────────────────────────────────────────────────────────────────────────

-- Accounts whose media are denied at the gate, or were once. Each change gets the next version of the list.
CREATE TABLE registry.denial (
  account_id bigint PRIMARY KEY,
  denied     boolean NOT NULL,
  version    bigint NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX denial_version ON registry.denial (version);                 -- what changed since a version
-- The version of the list. Its one row is locked until the change commits, so versions come into sight in order.
CREATE TABLE registry.denial_head (
  one     boolean PRIMARY KEY DEFAULT true CHECK (one),
  version bigint NOT NULL
);
INSERT INTO registry.denial_head (version) VALUES (0);
CREATE INDEX medium_account ON registry.medium (account_id);              -- from a denied account to its media

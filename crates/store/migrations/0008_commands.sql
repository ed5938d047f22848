-- Which versions of the fare policy are in force where in the log.

-- The policies the books of a log were opened with, as digests: written once, by the first worker. Logs of before this
-- migration: what their latest worker judged with.
ALTER TABLE ingest.stream ADD policies bytea[];
UPDATE ingest.stream SET policies = (
  SELECT tenure.policies FROM ingest.tenure WHERE tenure.stream_id = stream.stream_id ORDER BY epoch DESC, part LIMIT 1)
WHERE stream_id <> 0;

-- One row per partition that an activation has passed: every record after `off` there is judged with it.
CREATE TABLE ingest.activation (
  stream_id   int NOT NULL,
  part        int NOT NULL,
  off         bigint NOT NULL,
  policy_id   text NOT NULL,
  digest      bytea NOT NULL CHECK (length(digest) = 32),
  valid_from  timestamptz NOT NULL,             -- moment of travel
  before      bytea NOT NULL CHECK (length(before) = 32),   -- digest of the versions in force before it
  at          timestamptz NOT NULL,             -- when it was agreed, by the office's clock
  asked_by    text NOT NULL,
  approved_by text NOT NULL CHECK (approved_by <> asked_by),
  PRIMARY KEY (stream_id, part, off)
);

-- Records that the database itself refused: no rule explains them, so a rebuild takes them as they are. Before this column they
-- were those of which no identity was kept.
ALTER TABLE ingest.quarantine ADD by_database boolean NOT NULL DEFAULT false;
UPDATE ingest.quarantine SET by_database = true WHERE source = 'log' AND code = 'POISON' AND seq IS NULL;

-- The earlier command that one acted on: an announced top-up that no done command acted on still waits for the bank.
ALTER TABLE clearing.command ADD earlier bytea CHECK (length(earlier) = 16);
CREATE INDEX command_earlier ON clearing.command (earlier) WHERE earlier IS NOT NULL;
CREATE INDEX command_top_up ON clearing.command (at) WHERE kind = 'announce_top_up' AND outcome = 'done';

-- Media that moved to another account while either was denied: told with this version of the deny list, as their account of now is.
CREATE TABLE registry.medium_moved (
  token   bytea PRIMARY KEY CHECK (length(token) = 16),
  version bigint NOT NULL
);
CREATE INDEX medium_moved_version ON registry.medium_moved (version);     -- what changed since a version

-- What left the tables because its time was over: one row a table and run, and one a month of charges. Written in the
-- transaction the rows leave in, and never changed by anybody else, so whoever inspects the books finds here what is not
-- there any more.
CREATE TABLE access.retention (
  retention_id uuid PRIMARY KEY,
  run_id       uuid NOT NULL,
  at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  table_name   text NOT NULL,
  what         text NOT NULL,                   -- which rows, in words
  month        date,                            -- of what leaves by months: its first day
  row_count    bigint NOT NULL CHECK (row_count >= 0),
  digest       bytea CHECK (length(digest) = 32),
  UNIQUE (table_name, month),                   -- a month leaves once
  CHECK ((month IS NULL) = (digest IS NULL))
);

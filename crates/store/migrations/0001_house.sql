-- The tables of record. House rules for every table here:
--   * ids are made in Rust; no sequences, no triggers, no advisory locks (a distributed PostgreSQL must be able to hold it);
--   * money is bigint minor units of the scheme's one currency; debit and credit are separate and never negative;
--   * `clearing` and `ledger` are append-only but for clearing.account_state and ledger.balance, which are sums of them.

CREATE SCHEMA ingest;
CREATE SCHEMA registry;
CREATE SCHEMA clearing;
CREATE SCHEMA ledger;
CREATE SCHEMA settle;
CREATE SCHEMA bank;
CREATE SCHEMA access;

-- ─── ingest: the log, who reads it, what was refused ──────────────────────────────────────────────────────────────

-- A topic as it exists today. A re-created topic has another topic_id and is another stream. Stream 0 is the office
-- (settlement and bank postings), which has no log.
CREATE TABLE ingest.stream (
  stream_id  int PRIMARY KEY CHECK (stream_id >= 0),
  transport  text NOT NULL CHECK (transport IN ('kafka', 'embedded', 'office')),
  cluster_id text NOT NULL,
  topic      text NOT NULL,
  topic_id   text NOT NULL,
  partitions int NOT NULL CHECK (partitions > 0),
  UNIQUE (cluster_id, topic, topic_id)
);

-- One row is lease, fence and position (docs/architecture.md, "The protocol"). posting_date and chain_head move with it.
CREATE TABLE ingest.partition_lease (
  stream_id    int NOT NULL REFERENCES ingest.stream,
  part         int NOT NULL,
  owner        text,
  owner_pid    int,
  epoch        bigint NOT NULL DEFAULT 0,
  lease_until  timestamptz NOT NULL DEFAULT '-infinity',
  next_offset  bigint NOT NULL CHECK (next_offset >= 0),
  posting_date date NOT NULL,
  chain_head   bytea NOT NULL CHECK (length(chain_head) = 32),
  state        text NOT NULL DEFAULT 'run' CHECK (state IN ('run', 'halt')),
  halt_reason  text,
  PRIMARY KEY (stream_id, part),
  CHECK ((state = 'halt') = (halt_reason IS NOT NULL))
);

-- One row per committed batch: the ranges tile the partition, and every record is counted once. Day markers count apart.
CREATE TABLE ingest.commit_log (
  stream_id     int NOT NULL,
  part          int NOT NULL,
  from_off      bigint NOT NULL,
  to_off        bigint NOT NULL,
  epoch         bigint NOT NULL,
  owner         text NOT NULL,
  n_posted      int NOT NULL,
  n_duplicate   int NOT NULL,
  n_quarantined int NOT NULL,
  n_marker      int NOT NULL,
  at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (stream_id, part, from_off),
  CHECK (to_off > from_off AND n_posted + n_duplicate + n_quarantined + n_marker = to_off - from_off)
);

-- What was refused, with its raw bytes and a way back. source: 'gateway' (never reached the log) or 'log'.
CREATE TABLE ingest.quarantine (
  quarantine_id uuid PRIMARY KEY,
  source        text NOT NULL CHECK (source IN ('gateway', 'log')),
  stream_id     int,
  part          int,
  off           bigint,
  device_id     bigint,
  journal_id    bigint,
  seq           bigint,
  received_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  code          text NOT NULL,
  detail        text NOT NULL,
  raw           bytea NOT NULL,
  state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'retried', 'dismissed')),
  resolved_by   text,
  resolved_at   timestamptz,
  UNIQUE (stream_id, part, off),
  CHECK ((source = 'log') = (off IS NOT NULL))
);
CREATE INDEX quarantine_tap ON ingest.quarantine (device_id, journal_id, seq);   -- GET /v1/taps asks by tap identity
CREATE INDEX quarantine_open ON ingest.quarantine (state, code, received_at);    -- the finance page lists by state

-- What the gateway put into the log: answers "received" until the worker's commit answers "posted". Kept 7 days.
CREATE TABLE ingest.received (
  device_id   bigint NOT NULL,
  journal_id  bigint NOT NULL,
  seq         bigint NOT NULL,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  part        int NOT NULL,
  off         bigint NOT NULL,
  PRIMARY KEY (device_id, journal_id, seq)
);

-- The embedded event log (small installs, the demo, tests): gap-free offsets, in commit order, because an append locks
-- the head row of its partition.
CREATE TABLE ingest.log_head (
  topic       text NOT NULL,
  part        int NOT NULL,
  low_offset  bigint NOT NULL DEFAULT 0,
  next_offset bigint NOT NULL DEFAULT 0,
  topic_id    text NOT NULL,
  PRIMARY KEY (topic, part)
);
CREATE TABLE ingest.log_record (
  topic text NOT NULL,
  part  int NOT NULL,
  off   bigint NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (topic, part, off)
);

-- ─── registry: who and what the taps refer to ─────────────────────────────────────────────────────────────────────

CREATE TABLE registry.party (
  party_no int PRIMARY KEY,
  party_id text NOT NULL UNIQUE,
  name     text NOT NULL,
  kind     text NOT NULL CHECK (kind IN ('operator', 'city', 'bank', 'wallet', 'sponsor', 'school', 'channel', 'acquirer'))
);
CREATE TABLE registry.policy (
  policy_id  text PRIMARY KEY,
  digest     bytea NOT NULL,
  files      jsonb NOT NULL,                    -- file name → text, exactly as loaded
  loaded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE registry.device (
  device_id   bigint PRIMARY KEY,
  operator_no int NOT NULL,
  key_version int NOT NULL,
  state       text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'retired', 'revoked')),
  label       text NOT NULL
);
CREATE TABLE registry.medium (
  token       bytea PRIMARY KEY CHECK (length(token) = 16),
  account_id  bigint NOT NULL,
  fare_medium text NOT NULL,
  tender      text NOT NULL CHECK (tender IN ('prepaid', 'open_loop'))
);
-- The rider category of an account over time; no row at a moment means the policy's default category.
CREATE TABLE registry.entitlement (
  account_id     bigint NOT NULL,
  rider_category text NOT NULL,
  valid_from     timestamptz NOT NULL,
  valid_until    timestamptz NOT NULL,
  PRIMARY KEY (account_id, rider_category, valid_from)
);

-- ─── clearing: what became of each tap ────────────────────────────────────────────────────────────────────────────

-- The state decide() carries from batch to batch. "window" is encoded by store::state (versioned).
CREATE TABLE clearing.account_state (
  account_id bigint PRIMARY KEY,
  value      bigint NOT NULL CHECK (value >= 0),
  debt       bigint NOT NULL CHECK (debt >= 0),
  state      bytea NOT NULL,
  CHECK (value = 0 OR debt = 0)
) WITH (fillfactor = 70);

-- One row per tap that took effect, under its identity. A refused request is an effect too (its answer never changes).
CREATE TABLE clearing.tap (
  device_id    bigint NOT NULL,
  journal_id   bigint NOT NULL,
  seq          bigint NOT NULL,
  body_digest  bytea NOT NULL,
  account_id   bigint NOT NULL,
  kind         text NOT NULL,                   -- primitives::TapKind::word
  at           timestamptz NOT NULL,            -- device time
  received_at  timestamptz NOT NULL,
  service_date date NOT NULL,
  posting_date date NOT NULL,
  operator_no  int NOT NULL,
  route        text,
  stop         text,
  reference    text,                            -- bill or top-up reference
  payee_no     int,                             -- school or channel
  amount       bigint,                          -- of payments and top-ups
  outcome      text NOT NULL CHECK (outcome IN ('posted', 'refused')),
  code         text,                            -- of a refusal
  stream_id    int NOT NULL,
  part         int NOT NULL,
  off          bigint NOT NULL,
  PRIMARY KEY (device_id, journal_id, seq)
);
CREATE INDEX tap_service_day ON clearing.tap USING brin (posting_date);

-- One row per version of a leg's price. The d_ columns are the signed differences this version posted, so sums over a
-- posting date are what the day's statements show. The leg's id is the id of its first tap.
CREATE TABLE clearing.charge (
  account_id     bigint NOT NULL,
  leg_device     bigint NOT NULL,
  leg_journal    bigint NOT NULL,
  leg_seq        bigint NOT NULL,
  version        int NOT NULL CHECK (version > 0),
  exit_device    bigint,
  exit_journal   bigint,
  exit_seq       bigint,
  operator_no    int NOT NULL,
  route          text NOT NULL,
  from_stop      text,
  to_stop        text,
  rider_category text NOT NULL,
  fare_medium    text NOT NULL,
  tender         text NOT NULL,
  service_date   date NOT NULL,
  posting_date   date NOT NULL,
  shape          text NOT NULL CHECK (shape IN ('ride', 'missing_exit', 'missing_entry', 'cancelled')),
  unknown        text,                          -- why there is no fare; then gross, rider and funded are 0
  gross          bigint NOT NULL CHECK (gross >= 0),
  rider          bigint NOT NULL CHECK (rider >= 0),
  funders        int[] NOT NULL,
  funded         bigint[] NOT NULL,
  d_rides        int NOT NULL,                  -- +1 first priced version, -1 cancelled, else 0
  d_gross        bigint NOT NULL,
  d_rider        bigint NOT NULL,
  d_funded       bigint NOT NULL,
  product        text,
  rules          text[] NOT NULL,
  stream_id      int NOT NULL,
  part           int NOT NULL,
  off            bigint NOT NULL,               -- the record that caused this version
  PRIMARY KEY (account_id, leg_device, leg_journal, leg_seq, version)
);
CREATE INDEX charge_day ON clearing.charge (posting_date, operator_no);   -- operator statements drill down to charges

-- ─── ledger ───────────────────────────────────────────────────────────────────────────────────────────────────────

-- The chart as data (crates/ledger/chart.csv), written at start.
CREATE TABLE ledger.chart (
  chart     smallint PRIMARY KEY,
  code      text NOT NULL UNIQUE,
  ring      text NOT NULL CHECK (ring IN ('trust', 'own')),
  side      text NOT NULL CHECK (side IN ('asset', 'liability', 'income', 'expense')),
  owner     text NOT NULL,                      -- what the owner number is: none, account, party
  vas_code  text NOT NULL,
  name_en   text NOT NULL,
  name_vi   text NOT NULL
);

-- One balanced posting a row, its lines as parallel arrays. (stream, part, off, ord) is log order, which the chain follows.
CREATE TABLE ledger.posting (
  stream_id     int NOT NULL,
  part          int NOT NULL,
  off           bigint NOT NULL,
  ord           int NOT NULL,
  posting_date  date NOT NULL,
  service_date  date NOT NULL,
  kind          text NOT NULL,
  account_id    bigint,                         -- the card account concerned, if any
  cause_device  bigint,                         -- the leg or tap that caused it
  cause_journal bigint,
  cause_seq     bigint,
  cause_text    text,                           -- of office postings: run, statement line, break
  chart         smallint[] NOT NULL,
  owner         bigint[] NOT NULL,
  debit         bigint[] NOT NULL,
  credit        bigint[] NOT NULL,
  PRIMARY KEY (stream_id, part, off, ord)
);
CREATE INDEX posting_day ON ledger.posting USING brin (posting_date);

CREATE VIEW ledger.entry AS
  SELECT p.stream_id, p.part, p.off, p.ord, p.posting_date, p.service_date, p.kind, p.account_id,
         p.cause_device, p.cause_journal, p.cause_seq, p.cause_text, line.chart, line.owner, line.debit, line.credit
  FROM ledger.posting p,
       LATERAL unnest(p.chart, p.owner, p.debit, p.credit) AS line (chart, owner, debit, credit);

-- Sums of ledger.posting per writer, one upsert per batch; card-level owners are summed under owner 0 (the control account).
CREATE TABLE ledger.balance (
  stream_id    int NOT NULL,
  part         int NOT NULL,
  posting_date date NOT NULL,
  service_date date NOT NULL,
  chart        smallint NOT NULL,
  owner        bigint NOT NULL,
  debit        bigint NOT NULL,
  credit       bigint NOT NULL,
  PRIMARY KEY (stream_id, part, posting_date, service_date, chart, owner)
) WITH (fillfactor = 70);
CREATE INDEX balance_day ON ledger.balance (posting_date, chart);         -- reports and settlement ask by day and account

-- ─── settle: days, payout runs, approvals ─────────────────────────────────────────────────────────────────────────

CREATE TABLE settle.day (
  posting_date date PRIMARY KEY,
  state        text NOT NULL CHECK (state IN ('closing', 'closed')),
  asked_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_at    timestamptz,
  positions    bytea                            -- the positions digest at the close
);
CREATE TABLE settle.payee_account (
  party_no   int PRIMARY KEY,
  name       text NOT NULL,
  account_no text NOT NULL,
  bic        text NOT NULL
);
CREATE TABLE settle.run (
  run_id          uuid PRIMARY KEY,
  posting_date    date NOT NULL UNIQUE,
  state           text NOT NULL CHECK (state IN ('proposed', 'approved', 'sent', 'settled', 'partial')),
  proposal_digest bytea NOT NULL,
  maker           text NOT NULL,
  proposed_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  message_id      text NOT NULL UNIQUE,
  file            bytea,
  file_digest     bytea
);
CREATE TABLE settle.payout (
  run_id      uuid NOT NULL REFERENCES settle.run,
  party_no    int NOT NULL,
  party_kind  text NOT NULL CHECK (party_kind IN ('operator', 'school')),
  fare        bigint NOT NULL,                  -- riders' money owed to the party
  subsidy     bigint NOT NULL,                  -- funders' money owed to the party
  cash_held   bigint NOT NULL,                  -- cash it holds for us, kept back
  net         bigint NOT NULL,                  -- fare + subsidy - cash_held; paid when above 0
  end_to_end  text NOT NULL UNIQUE,
  creditor_name    text NOT NULL,
  creditor_account text NOT NULL,
  creditor_bic     text NOT NULL,
  PRIMARY KEY (run_id, party_no),
  CHECK (net = fare + subsidy - cash_held)
);
CREATE TABLE settle.approval (
  run_id          uuid PRIMARY KEY REFERENCES settle.run,   -- one approval, one execution
  proposal_digest bytea NOT NULL,
  maker           text NOT NULL,
  checker         text NOT NULL,
  approved_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (maker <> checker)
);

-- ─── bank: files, statements, lines, items, matches, breaks ───────────────────────────────────────────────────────

-- The trust ring's own bank accounts. Statements of any other account are refused. The balance an account was taken over
-- with is approved by name; own money prefunds it when the first statement posts.
CREATE TABLE bank.account (
  bank_account   text PRIMARY KEY,
  name           text NOT NULL,
  bic            text NOT NULL,
  currency       text NOT NULL,
  opening        bigint NOT NULL,
  approved_by    text NOT NULL,
  opening_posted boolean NOT NULL DEFAULT false
);
CREATE TABLE bank.file (
  file_digest bytea PRIMARY KEY,
  name        text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  state       text NOT NULL CHECK (state IN ('read', 'refused')),
  code        text,
  detail      text,
  raw         bytea NOT NULL,
  CHECK ((state = 'refused') = (code IS NOT NULL))
);
CREATE TABLE bank.statement (
  statement_id uuid PRIMARY KEY,
  file_digest  bytea NOT NULL REFERENCES bank.file,
  bank_account text NOT NULL REFERENCES bank.account,
  currency     text NOT NULL,
  bank_id      text NOT NULL,                   -- the bank's own id of the statement
  sequence     bigint,
  from_date    date NOT NULL,
  to_date      date NOT NULL,
  opening      bigint NOT NULL,
  closing      bigint NOT NULL,
  proof        text NOT NULL CHECK (proof IN ('proven', 'failed', 'not_provable')),
  difference   bigint NOT NULL,                 -- opening + booked lines - closing
  continuity   text NOT NULL CHECK (continuity IN ('first', 'follows', 'gap')),
  posted       boolean NOT NULL,
  revision     int NOT NULL CHECK (revision > 0),   -- the bank sent the same statement again
  content      bytea NOT NULL,                      -- digest of balances and lines: tells a repeat from a correction
  findings     text[] NOT NULL,
  why          text,                                -- why it is not provable, or not posted although proven
  UNIQUE (bank_account, bank_id, from_date, to_date, revision)
);
CREATE TABLE bank.line (
  statement_id uuid NOT NULL REFERENCES bank.statement,
  ordinal      int NOT NULL,
  booking_date date NOT NULL,
  value_date   date NOT NULL,
  amount       bigint NOT NULL,                 -- + is to us
  booked       boolean NOT NULL,                -- pending and informational lines are shown, never summed
  reversal     boolean NOT NULL,
  end_to_end   text,
  codes        text[] NOT NULL,                 -- our reference codes found in the memo
  memo         text NOT NULL,
  bank_ref     text,
  PRIMARY KEY (statement_id, ordinal)
);
-- What the ledger expects to see at the bank. item_id is derived from its cause, so it is made once.
CREATE TABLE bank.item (
  item_id      text PRIMARY KEY,
  kind         text NOT NULL CHECK (kind IN ('top_up', 'payout', 'subsidy', 'acquirer')),
  reference    text NOT NULL,                   -- end-to-end id or reference code
  amount       bigint NOT NULL,                 -- + is to us
  posting_date date NOT NULL,
  party_no     int NOT NULL,                    -- channel, payee, funder or acquirer
  open         boolean NOT NULL DEFAULT true    -- false once a line has met it
);
CREATE INDEX item_claim ON bank.item (party_no) WHERE kind IN ('subsidy', 'acquirer');  -- a claim counts those before it
CREATE INDEX item_open ON bank.item (posting_date) WHERE open;            -- what is overdue; stays as small as what is open
CREATE INDEX item_reference ON bank.item (reference);                     -- matching looks items up by reference
CREATE TABLE bank.match (
  statement_id uuid NOT NULL,
  ordinal      int NOT NULL,
  item_id      text NOT NULL UNIQUE REFERENCES bank.item,
  rule         text NOT NULL,
  PRIMARY KEY (statement_id, ordinal),
  FOREIGN KEY (statement_id, ordinal) REFERENCES bank.line
);
CREATE TABLE bank.break (
  break_id     text PRIMARY KEY,                -- derived from its cause
  code         text NOT NULL,
  statement_id uuid,
  ordinal      int,
  item_id      text,
  amount       bigint NOT NULL,
  detail       text NOT NULL,
  first_seen   date NOT NULL,
  state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
  closed_on    date,
  owner        text,
  CHECK ((state = 'closed') = (closed_on IS NOT NULL))
);
CREATE INDEX break_open ON bank.break (state, code);                      -- reports and re-matching ask for open ones

-- ─── access: people of the finance web ────────────────────────────────────────────────────────────────────────────

CREATE TABLE access.person (
  login         text PRIMARY KEY,
  display_name  text NOT NULL,
  password_hash text NOT NULL,
  role          text NOT NULL CHECK (role IN ('viewer', 'finance', 'approver')),
  active        boolean NOT NULL DEFAULT true
);
CREATE TABLE access.session (
  token_digest bytea PRIMARY KEY,
  login        text NOT NULL REFERENCES access.person,
  csrf         text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  seen_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE access.audit (
  audit_id uuid PRIMARY KEY,
  at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor    text NOT NULL,
  action   text NOT NULL,
  object   text NOT NULL
);
INSERT INTO ingest.stream VALUES (0, 'office', 'office', 'office', 'office', 1);
-- The office's own writer: its next offset and chain head live in a lease row like a partition's.
INSERT INTO ingest.partition_lease (stream_id, part, next_offset, posting_date, chain_head)
  VALUES (0, 0, 0, '2000-01-01', decode(repeat('00', 32), 'hex'));

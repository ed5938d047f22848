-- Commands: what was asked of card accounts without a device, and the answer that stays. A posting that a command caused
-- names its account and, in cause_text, the command's id in hexadecimal; an office posting names no account.

-- One row per command that was answered, under its identity. A refused request is an effect too.
CREATE TABLE clearing.command (
  command_id   bytea PRIMARY KEY CHECK (length(command_id) = 16),
  body_digest  bytea NOT NULL CHECK (length(body_digest) = 32),
  account_id   bigint NOT NULL,
  kind         text NOT NULL,                   -- primitives::CommandKind::word
  at           timestamptz NOT NULL,            -- the gateway's clock
  asked_by     text NOT NULL,
  approved_by  text CHECK (approved_by <> asked_by OR code = 'APPROVAL_SELF'),
  service_date date NOT NULL,
  posting_date date NOT NULL,
  reference    text,                            -- bill, product, case or reference
  payee_no     int,                             -- school or channel
  amount       bigint,                          -- minor units that were moved, or would have been
  outcome      text NOT NULL CHECK (outcome IN ('done', 'refused')),
  code         text,                            -- of a refusal
  detail       text,
  stream_id    int NOT NULL,
  part         int NOT NULL,
  off          bigint NOT NULL,
  UNIQUE (stream_id, part, off),                -- from an offset to its command, and one command an offset
  CHECK ((outcome = 'refused') = (code IS NOT NULL) AND (code IS NULL) = (detail IS NULL))
);
CREATE INDEX command_account ON clearing.command (account_id, at);        -- what was done to an account
CREATE INDEX command_day ON clearing.command (posting_date, kind);        -- reports ask by day

-- What the gateway put into the log, so that the same key asked again waits for the same answer.
CREATE TABLE ingest.asked (
  command_id  bytea PRIMARY KEY CHECK (length(command_id) = 16),
  body_digest bytea NOT NULL CHECK (length(body_digest) = 32),
  asked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  stream_id   int REFERENCES ingest.stream,     -- none until the log is registered
  part        int NOT NULL,
  off         bigint NOT NULL
);

-- A command that needs two people, as its maker made it. It reaches the log when another person agrees.
CREATE TABLE clearing.proposal (
  command_id  bytea PRIMARY KEY CHECK (length(command_id) = 16),
  body_digest bytea NOT NULL CHECK (length(body_digest) = 32),
  record      bytea NOT NULL,                   -- the log record without the second name
  maker       text NOT NULL,
  proposed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  state       text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved')),
  checker     text CHECK (checker <> maker),
  decided_at  timestamptz,
  CHECK ((state = 'open') = (checker IS NULL) AND (checker IS NULL) = (decided_at IS NULL))
);

-- Partners' programs (a school's or shop's counter, a bank's channel) are people of the house with a narrow role.
ALTER TABLE access.person DROP CONSTRAINT person_role_check;
ALTER TABLE access.person ADD CONSTRAINT person_role_check
  CHECK (role IN ('viewer', 'finance', 'approver', 'counter', 'channel'));

-- Tokens of the programming interface. Only digests are here: whoever reads the table cannot ask with it.
CREATE TABLE access.api_token (
  token_digest bytea PRIMARY KEY CHECK (length(token_digest) = 32),
  login        text NOT NULL REFERENCES access.person,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  revoked_at   timestamptz
);

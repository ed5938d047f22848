-- Charges and postings lie in one part a month of their posting date: a month leaves as a whole, and a question about a day
-- reads one month. store::months makes the months to come; a row of a month that nobody prepared lies in the default part,
-- so no row is ever refused. Rows arrive in order of their posting date, so a part keeps no index on it.

ALTER TABLE clearing.charge RENAME TO charge_whole;
ALTER INDEX clearing.charge_account RENAME TO charge_whole_account;
CREATE TABLE clearing.charge (LIKE clearing.charge_whole INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)
  PARTITION BY RANGE (posting_date);
CREATE INDEX charge_account ON clearing.charge (account_id);
CREATE TABLE clearing.charge_default PARTITION OF clearing.charge DEFAULT;

DROP VIEW ledger.entry;
ALTER TABLE ledger.posting RENAME TO posting_whole;
ALTER TABLE ledger.posting_whole RENAME CONSTRAINT posting_pkey TO posting_whole_pkey;
-- The place leads, so that a partition's postings are read in log order and one posting is found by its place in every
-- month; the date is last because a key of a divided table must hold it. A place is written once because the fence moves
-- with it.
CREATE TABLE ledger.posting (
  LIKE ledger.posting_whole INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE,
  PRIMARY KEY (stream_id, part, off, ord, posting_date)
) PARTITION BY RANGE (posting_date);
CREATE TABLE ledger.posting_default PARTITION OF ledger.posting DEFAULT;

-- The months that have rows, and the rows into them.
DO $$
DECLARE month date;
BEGIN
  FOR month IN SELECT DISTINCT date_trunc('month', posting_date)::date FROM clearing.charge_whole LOOP
    EXECUTE format('CREATE TABLE clearing.%I PARTITION OF clearing.charge FOR VALUES FROM (%L) TO (%L)',
      to_char(month, '"charge_"YYYY_MM'), month, (month + interval '1 month')::date);
  END LOOP;
  FOR month IN SELECT DISTINCT date_trunc('month', posting_date)::date FROM ledger.posting_whole LOOP
    EXECUTE format('CREATE TABLE ledger.%I PARTITION OF ledger.posting FOR VALUES FROM (%L) TO (%L)',
      to_char(month, '"posting_"YYYY_MM'), month, (month + interval '1 month')::date);
  END LOOP;
END $$;
INSERT INTO clearing.charge SELECT * FROM clearing.charge_whole;
INSERT INTO ledger.posting SELECT * FROM ledger.posting_whole;
DROP TABLE clearing.charge_whole;
DROP TABLE ledger.posting_whole;

CREATE VIEW ledger.entry AS
  SELECT p.stream_id, p.part, p.off, p.ord, p.posting_date, p.service_date, p.kind, p.account_id,
         p.cause_device, p.cause_journal, p.cause_seq, p.cause_text, line.chart, line.owner, line.debit, line.credit
  FROM ledger.posting p,
       LATERAL unnest(p.chart, p.owner, p.debit, p.credit) AS line (chart, owner, debit, credit);

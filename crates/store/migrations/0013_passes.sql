-- Passes bought, for the job that looks which are over.
CREATE INDEX command_pass ON clearing.command (command_id) WHERE kind = 'buy_pass' AND outcome = 'done';

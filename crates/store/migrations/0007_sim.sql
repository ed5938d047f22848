-- What somebody should look at in a charge although it was posted: clearing::Flag::word.
ALTER TABLE clearing.charge ADD COLUMN flags text[] NOT NULL DEFAULT '{}';

-- A medium shown again within the policy's time is a charge of its own, of nothing.
ALTER TABLE clearing.charge DROP CONSTRAINT IF EXISTS charge_shape_check;
ALTER TABLE clearing.charge ADD CONSTRAINT charge_shape_check
  CHECK (shape IN ('ride', 'missing_exit', 'missing_entry', 'second_tap', 'cancelled'));

-- A leg pays what it adds to the legs before it, and where legs are priced together that can be below zero.
ALTER TABLE clearing.charge DROP CONSTRAINT IF EXISTS charge_gross_check;
ALTER TABLE clearing.charge DROP CONSTRAINT IF EXISTS charge_rider_check;

-- A leg costs what it adds to the legs before it. Where rides are priced as one and the whole becomes cheaper, as when the
-- last ride goes back towards the first station, that is below zero already in the leg's first version.
ALTER TABLE clearing.charge DROP CONSTRAINT charge_gross_check, DROP CONSTRAINT charge_rider_check;

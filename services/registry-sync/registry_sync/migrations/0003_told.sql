-- What was told to the register, when, and by whom: an authority may change after that.
ALTER TABLE registration
    ADD COLUMN pushed_at     timestamptz,
    ADD COLUMN told_unit     text NOT NULL DEFAULT '',
    ADD COLUMN told_province text NOT NULL DEFAULT '';
UPDATE registration SET told_unit = unit_code, told_province = province_code
    WHERE status IN ('pushing', 'pushed', 'returned');
-- Of a dossier asked back the register is asked too, seldom: it may register it all the same.
CREATE INDEX registration_asked_back ON registration (next_poll_at)
    WHERE status = 'returned' AND NOT closed;
COMMENT ON COLUMN registration.pushed_at IS 'When the push of the round was decided.';
COMMENT ON COLUMN registration.told_unit IS 'The authority the register was told.';
COMMENT ON COLUMN registration.told_province IS 'The province the register was told.';

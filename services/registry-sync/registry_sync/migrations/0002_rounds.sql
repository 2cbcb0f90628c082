-- The defaults are right for what was there before: one acceptance, one version of the data.
ALTER TABLE registration
    ADD COLUMN round               int     NOT NULL DEFAULT 1,
    ADD COLUMN particulars_version int     NOT NULL DEFAULT 1,
    ADD COLUMN held_version        int     NOT NULL DEFAULT 1,
    ADD COLUMN closed              boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN registration.round IS 'Of the last acceptance; 2 after a supplement.';
COMMENT ON COLUMN registration.particulars_version IS 'The push of the round needs this or newer.';
COMMENT ON COLUMN registration.held_version IS 'The version of the form in `personal`.';
COMMENT ON COLUMN registration.closed IS 'Nothing more is told to the register.';

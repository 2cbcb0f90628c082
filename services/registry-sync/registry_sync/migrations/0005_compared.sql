-- What the comparison with the register remembers of a dossier, and the order it goes in.
ALTER TABLE registration
    ADD COLUMN compared_at timestamptz,
    ADD COLUMN compared_as text NOT NULL DEFAULT '',
    ADD COLUMN seen        boolean NOT NULL DEFAULT false,
    ADD COLUMN discarded   boolean NOT NULL DEFAULT false,
    ADD COLUMN refused     boolean NOT NULL DEFAULT false;
-- What the register had of those told before is not known: none of them is told again by itself.
UPDATE registration SET seen = true WHERE pushed_at IS NOT NULL OR told_unit <> '';
CREATE INDEX registration_compared ON registration
    ((coalesce(nullif(told_province, ''), province_code)), procedure_code, dossier_id);
COMMENT ON COLUMN registration.compared_as IS
    'How it stood when it was last compared; empty while something differs.';
COMMENT ON COLUMN registration.seen IS 'The register was once seen to have the dossier.';
COMMENT ON COLUMN registration.discarded IS 'Two people discarded a push: it is told no more.';
COMMENT ON COLUMN registration.refused IS 'It was the register that refused it.';

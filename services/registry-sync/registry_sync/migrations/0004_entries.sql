-- The entry as published, so that what the register says later can be compared with it.
ALTER TABLE registration
    ADD COLUMN entry_unit    text,
    ADD COLUMN entry_number  text,
    ADD COLUMN entry_book    text,
    ADD COLUMN entry_page    text,
    ADD COLUMN entry_day     date,
    ADD COLUMN revision      int     NOT NULL DEFAULT 0,
    ADD COLUMN awaits_number boolean NOT NULL DEFAULT false,
    ADD COLUMN unit_told     boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT registration_entry_whole CHECK (
        num_nulls(entry_unit, entry_number, entry_book, entry_day) IN (0, 4)
    );
-- Of first births registered before, no personal data left means that no number was there, unless the
-- data were erased; then it is not known, and nobody is left to tell.
UPDATE registration SET awaits_number = true
    WHERE status = 'registered' AND personal IS NULL AND NOT erased AND procedure_code IN (
        '1.001193', '1.000689', '1.000110', '2.000528', '1.001695', '3.000722'
    );
-- What was asked about for long enough is in no index: it would be looked at in every claim.
CREATE INDEX registration_numberless ON registration (next_poll_at)
    WHERE status = 'registered' AND awaits_number AND polls < 1000;
DROP INDEX registration_asked_back;
CREATE INDEX registration_asked_back ON registration (next_poll_at)
    WHERE status = 'returned' AND NOT closed AND polls < 1000;
COMMENT ON COLUMN registration.entry_number IS 'As published last; empty: from before this column.';
COMMENT ON COLUMN registration.revision IS 'How many corrections of the entry were published.';
COMMENT ON COLUMN registration.awaits_number IS 'A registered birth without a personal number yet.';
COMMENT ON COLUMN registration.unit_told IS 'The register itself said who entered it.';

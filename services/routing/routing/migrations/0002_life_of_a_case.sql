-- A case from the desk to the hand-over; personal data apart, written only when they change.

ALTER TABLE dossier_case
    ADD COLUMN unit_on           date,
    ADD COLUMN due_at            timestamptz,
    ADD COLUMN due_on            date,
    ADD COLUMN reception_due_at  timestamptz,
    ADD COLUMN supplement_due_at timestamptz,
    ADD COLUMN rest              jsonb NOT NULL DEFAULT '{}',
    DROP CONSTRAINT dossier_case_code_key,
    SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);
COMMENT ON COLUMN dossier_case.unit_on IS 'The day whose map unit_code is of.';
COMMENT ON COLUMN dossier_case.rest IS 'What is never asked for alone; nothing personal.';

-- Until now the first answer was the only one, and the residence was the competent commune.
UPDATE dossier_case SET
    unit_on = (submitted_at AT TIME ZONE INTERVAL '+07:00')::date,
    rest = jsonb_strip_nulls(jsonb_build_object(
        'unit_on', (submitted_at AT TIME ZONE INTERVAL '+07:00')::date,
        'residence_unit_code', CASE WHEN length(unit_code) = 5 THEN unit_code END,
        'rounds', CASE WHEN status IN ('accepted', 'registered') THEN 1 END,
        'supplements', CASE WHEN status = 'supplement' THEN 1 END));

-- Personal data may come before the event that names the code.
CREATE UNIQUE INDEX dossier_case_code ON dossier_case (code) WHERE code <> '';

-- A list each; what has no due moment comes last.
DROP INDEX dossier_case_desk;
CREATE INDEX dossier_case_desk
    ON dossier_case (unit_code, (coalesce(reception_due_at, submitted_at)), dossier_id)
    WHERE status = 'received';
CREATE INDEX dossier_case_due ON dossier_case
    (unit_code, status, (coalesce(due_at, timestamptz '9999-12-31 00:00:00+00')), dossier_id)
    WHERE status IN ('accepted', 'stopped');
CREATE INDEX dossier_case_hand_over ON dossier_case
    (unit_code, (coalesce(due_at, timestamptz '9999-12-31 00:00:00+00')), dossier_id)
    WHERE status = 'registered';
CREATE INDEX dossier_case_supplement ON dossier_case
    (unit_code, (coalesce(supplement_due_at, timestamptz '9999-12-31 00:00:00+00')), dossier_id)
    WHERE status = 'supplement';

-- What the sweeper looks for.
CREATE INDEX dossier_case_expiry ON dossier_case (supplement_due_at) WHERE status = 'supplement';
CREATE INDEX dossier_case_units ON dossier_case (unit_code, unit_on, dossier_id)
    WHERE status IN ('received', 'supplement', 'accepted', 'stopped', 'registered');

CREATE TABLE case_particulars (
    dossier_id  uuid PRIMARY KEY,
    particulars bytea,
    erased      boolean NOT NULL,
    CHECK (NOT erased OR particulars IS NULL)
);
-- Ciphertext does not compress.
ALTER TABLE case_particulars ALTER COLUMN particulars SET STORAGE EXTERNAL;
COMMENT ON COLUMN case_particulars.particulars IS
    'Applicant, form and papers, encrypted; none once erased.';

CREATE TABLE access_log (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor      text NOT NULL,
    unit_code  text NOT NULL,
    dossier_id uuid NOT NULL,
    what       text NOT NULL,
    at         timestamptz NOT NULL
);
CREATE INDEX access_log_dossier ON access_log (dossier_id, at);
COMMENT ON TABLE access_log IS 'Who saw personal data of which dossier, and when.';

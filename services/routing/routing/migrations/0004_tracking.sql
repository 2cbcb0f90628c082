-- What a citizen proves a dossier theirs with, and how often somebody was wrong.

CREATE TABLE tracking_factor (
    dossier_id uuid PRIMARY KEY,
    factor     bytea NOT NULL CHECK (length(factor) = 32)
);
COMMENT ON TABLE tracking_factor IS
    'Keyed hash of the end of the applicant''s number, bound to the dossier; none once erased.';

CREATE TABLE tracking_attempt (
    key       bytea PRIMARY KEY,
    since     timestamptz NOT NULL,
    last_at   timestamptz NOT NULL,
    before_at timestamptz,
    wrong     integer NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX tracking_attempt_since ON tracking_attempt (since);
COMMENT ON COLUMN tracking_attempt.key IS
    'Keyed hash of a code, an address or both; neither stands here.';
COMMENT ON COLUMN tracking_attempt.before_at IS 'The attempt before the last one.';

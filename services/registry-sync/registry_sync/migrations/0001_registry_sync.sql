CREATE TABLE registration (
    dossier_id     uuid PRIMARY KEY,
    code           text NOT NULL,
    status         text NOT NULL,
    unit_code      text NOT NULL,
    province_code  text NOT NULL,
    procedure_code text NOT NULL,
    accepted_at    timestamptz,
    erased         boolean NOT NULL,
    personal       bytea,
    next_poll_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    polls          int NOT NULL DEFAULT 0
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);
CREATE INDEX registration_due ON registration (next_poll_at) WHERE status = 'pushed';
COMMENT ON COLUMN registration.personal IS 'Form and personal number, encrypted.';

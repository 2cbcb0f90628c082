CREATE TABLE dossier_case (
    dossier_id     uuid PRIMARY KEY,
    code           text NOT NULL UNIQUE,
    status         text NOT NULL,
    unit_code      text NOT NULL,
    procedure_code text NOT NULL,
    papers         text[] NOT NULL,
    submitted_at   timestamptz
) WITH (fillfactor = 70);
CREATE INDEX dossier_case_desk ON dossier_case (unit_code, submitted_at, dossier_id)
    WHERE status = 'received';

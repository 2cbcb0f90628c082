-- What a portal sends after its submission, and the personal data the next version is made of.

ALTER TABLE dossier ADD COLUMN withdrawal_received_at timestamptz;

CREATE TABLE supplement (
    dossier_id  uuid NOT NULL,
    round       int  NOT NULL,
    fingerprint text,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (dossier_id, round)
);
COMMENT ON TABLE supplement IS 'The supplements of a dossier; the first one made round 2.';
COMMENT ON COLUMN supplement.fingerprint IS
    'SHA-256 of the canonical supplement; gone when the personal data are erased.';

CREATE TABLE dossier_particulars (
    dossier_id uuid  PRIMARY KEY,
    version    int   NOT NULL,
    sealed     bytea NOT NULL
);
COMMENT ON TABLE dossier_particulars IS
    'The submission as it stands after the last supplement, encrypted; deleted by an erasure.';

ALTER TABLE idempotency_key ADD COLUMN round int NOT NULL DEFAULT 1;
COMMENT ON COLUMN idempotency_key.round IS 'The round the request made: 1 is the submission.';

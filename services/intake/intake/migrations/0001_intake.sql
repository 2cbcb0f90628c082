-- What the intake remembers; no personal data.

CREATE TABLE dossier (
    dossier_id       uuid PRIMARY KEY,
    code             text NOT NULL UNIQUE,
    portal           text NOT NULL,
    portal_reference text NOT NULL,
    fingerprint      text,
    received_at      timestamptz NOT NULL,
    erased_at        timestamptz,
    erased_by        text
);
COMMENT ON COLUMN dossier.fingerprint IS
    'SHA-256 of the canonical submission; gone when the personal data are erased.';

CREATE TABLE idempotency_key (
    key_sha256  text NOT NULL,
    portal      text NOT NULL,
    fingerprint text,
    dossier_id  uuid NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (key_sha256, portal)
);
CREATE INDEX idempotency_key_dossier ON idempotency_key (dossier_id);
COMMENT ON COLUMN idempotency_key.key_sha256 IS
    'The key itself is the portal''s text and might say something about a person.';

CREATE TABLE code_counter (
    unit_code text NOT NULL,
    day       date NOT NULL,
    last      int  NOT NULL,
    PRIMARY KEY (unit_code, day)
) WITH (fillfactor = 50);
COMMENT ON TABLE code_counter IS
    'Dossiers per commune and day; counted in the transaction that takes them, so without a gap.';

-- Erasure finds a dossier's rows among everything sent.
CREATE INDEX outbox_sent_particulars ON outbox_sent (key) WHERE topic = 'dossier.particulars.v1';

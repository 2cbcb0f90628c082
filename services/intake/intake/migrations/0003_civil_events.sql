-- Which dossiers are about the same birth, marriage or death; no personal data.
CREATE TABLE civil_event (
    fingerprint bytea NOT NULL,
    dossier_id  uuid  NOT NULL,
    code        text  NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (fingerprint, dossier_id)
);
CREATE INDEX civil_event_dossier ON civil_event (dossier_id);
COMMENT ON COLUMN civil_event.fingerprint IS
    'HMAC of what makes the event the same one, under a key of the ring; goes with an erasure.';

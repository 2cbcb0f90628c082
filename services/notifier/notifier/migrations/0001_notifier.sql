-- What the notifier remembers of each dossier; who was told is in `news`.

CREATE TABLE correspondence (
    dossier_id       uuid PRIMARY KEY,
    dossier_code     text    NOT NULL,
    portal           text    NOT NULL,
    portal_reference text    NOT NULL,
    contact          bytea,
    erased           boolean NOT NULL,
    news             jsonb   NOT NULL,
    early            jsonb   NOT NULL,
    CHECK (NOT erased OR contact IS NULL)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);
COMMENT ON COLUMN correspondence.contact IS
    'Name, phone, e-mail and chosen channels, encrypted; none until they came or once erased.';
COMMENT ON COLUMN correspondence.news IS 'Steps in the order they are told, and how far each came.';
COMMENT ON COLUMN correspondence.early IS 'Steps that came before the one they follow.';

-- What portals read themselves: every status update of their own dossiers, in a stable order.

CREATE TABLE feed (
    era        int    NOT NULL,
    place      xid8   NOT NULL,
    id         bigint GENERATED ALWAYS AS IDENTITY,
    portal     text   NOT NULL,
    dossier_id uuid   NOT NULL,
    event_id   uuid   NOT NULL,
    body       text   NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (portal, era, place, id)
);
CREATE INDEX feed_dossier ON feed (dossier_id);
CREATE INDEX feed_since ON feed (portal, at);
CREATE INDEX feed_at ON feed USING brin (at);
COMMENT ON COLUMN feed.place IS
    'The transaction that wrote it, never before that of an earlier step of the same dossier.';
COMMENT ON COLUMN feed.body IS 'The document of the callback, as it stands there.';

CREATE TABLE feed_epoch (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch   uuid NOT NULL DEFAULT gen_random_uuid(),
    era     int  NOT NULL DEFAULT 1,
    history text NOT NULL DEFAULT '',
    since   timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO feed_epoch DEFAULT VALUES;
COMMENT ON TABLE feed_epoch IS
    'A cursor counts in one history of the database; a restored backup begins another epoch.';
COMMENT ON COLUMN feed_epoch.history IS 'The cluster and its timeline, as the epoch began.';

CREATE TABLE feed_forgotten (
    portal text PRIMARY KEY,
    era    int    NOT NULL,
    place  xid8   NOT NULL,
    id     bigint NOT NULL
);
COMMENT ON TABLE feed_forgotten IS 'Up to where a portal''s updates are no longer kept.';

-- A constant for the rows there are: the steps of a dossier known before come with its next one.
ALTER TABLE correspondence
    ADD COLUMN fed            int  NOT NULL DEFAULT 0,
    ADD COLUMN procedure_code text NOT NULL DEFAULT '',
    ADD COLUMN unit_code      text NOT NULL DEFAULT '';
COMMENT ON COLUMN correspondence.fed IS 'How many of its news were looked at for the feed.';

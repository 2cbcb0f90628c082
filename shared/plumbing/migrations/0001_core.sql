-- The exactly-once core; the same in every service's database.
-- The selective column comes first in every key: a plan made on an empty table stays good.

CREATE TABLE stream (
    dossier_id uuid PRIMARY KEY,
    subject    text   NOT NULL,
    sequence   int    NOT NULL DEFAULT 0,
    head_hash  text   NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE stream IS
    'End of this service''s chain of events per dossier; its row lock is the lock of the dossier.';

CREATE TABLE consumer_offset (
    part        int    NOT NULL,
    topic       text   NOT NULL,
    grp         text   NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (part, topic, grp)
) WITH (fillfactor = 50);

CREATE TABLE inbound_cursor (
    dossier_id uuid NOT NULL,
    source     text NOT NULL,
    last_seq   int  NOT NULL,
    last_id    uuid,
    last_hash  text,
    PRIMARY KEY (dossier_id, source)
) WITH (fillfactor = 70);

CREATE TABLE inbound_parked (
    dossier_id uuid   NOT NULL,
    source     text   NOT NULL,
    seq        int    NOT NULL,
    hash       text   NOT NULL,
    body       bytea  NOT NULL,
    topic      text   NOT NULL,
    part       int    NOT NULL,
    off        bigint NOT NULL,
    parked_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (dossier_id, source, seq, hash)
);

CREATE TABLE dead_letter (
    topic      text   NOT NULL,
    part       int    NOT NULL,
    off        bigint NOT NULL,
    dossier_id uuid,
    reason     text   NOT NULL,
    problems   text   NOT NULL DEFAULT '[]',
    record     bytea  NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- A topic made anew uses its offsets again.
    PRIMARY KEY (topic, part, off, at)
);
COMMENT ON COLUMN dead_letter.record IS 'Key, headers and value, encrypted: they may be personal.';

CREATE TABLE conflict (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dossier_id uuid NOT NULL,
    source     text NOT NULL,
    seq        int  NOT NULL,
    have_hash  text,
    got_hash   text NOT NULL,
    topic      text NOT NULL,
    part       int  NOT NULL,
    off        bigint NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE conflict IS 'Same sequence, other bytes: someone must look.';

CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shard      smallint NOT NULL,
    topic      text  NOT NULL,
    key        bytea NOT NULL,
    body       bytea,
    event_id   uuid  NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);
CREATE INDEX outbox_shard ON outbox (shard, id);

CREATE TABLE outbox_sent (
    id         bigint PRIMARY KEY,
    topic      text  NOT NULL,
    key        bytea NOT NULL,
    body       bytea,
    event_id   uuid  NOT NULL,
    created_at timestamptz NOT NULL,
    sent_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outbox_sent_at ON outbox_sent USING brin (sent_at);

CREATE TABLE effect (
    effect_id   uuid PRIMARY KEY,
    position    bigint GENERATED ALWAYS AS IDENTITY,
    dossier_id  uuid NOT NULL,
    kind        text NOT NULL,
    lane        text NOT NULL,
    state       text NOT NULL DEFAULT 'PENDING'
        CHECK (state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT', 'DONE', 'REJECTED', 'MANUAL')),
    in_doubt    boolean NOT NULL DEFAULT false,
    begun       boolean NOT NULL DEFAULT false,
    doubt_since timestamptz,
    request     bytea,
    fence       bigint NOT NULL DEFAULT 0,
    attempt     int    NOT NULL DEFAULT 0,
    due_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease_until timestamptz,
    owner       text,
    reason      text,
    cause_id    text NOT NULL,
    cause_hash  text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at    timestamptz,
    UNIQUE (dossier_id, kind)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);
CREATE INDEX effect_open ON effect (due_at) WHERE state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT');
CREATE INDEX effect_lane ON effect (dossier_id, lane, position)
    WHERE state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT');
CREATE INDEX effect_manual ON effect (dossier_id) WHERE state = 'MANUAL';
COMMENT ON COLUMN effect.begun IS 'Committed before what cannot be asked about nor taken back.';
COMMENT ON COLUMN effect.request IS 'The exact bytes to send, encrypted; blank once answered.';

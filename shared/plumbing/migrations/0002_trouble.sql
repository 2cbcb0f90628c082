-- What operators need when the outside misbehaves.
-- No index of a large table here: the locks of the changed tables are held until the file's end.

ALTER TABLE effect ADD COLUMN turn text NOT NULL DEFAULT '';
COMMENT ON COLUMN effect.turn IS
    'Who has equal turns with the others at the outside: a province, a portal.';

CREATE TABLE effect_attempt (
    effect_id uuid   NOT NULL,
    fence     bigint NOT NULL,
    attempt   int    NOT NULL,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    outcome   text   NOT NULL
        CHECK (outcome IN ('done', 'no', 'never', 'again', 'unknown', 'stuck', 'lost')),
    reason    text   NOT NULL DEFAULT '',
    steps     text   NOT NULL DEFAULT '',
    words     bytea,
    PRIMARY KEY (effect_id, fence)
);
COMMENT ON TABLE effect_attempt IS
    'Every attempt at a call and its answer, but for a first one that succeeded at once.';
COMMENT ON COLUMN effect_attempt.outcome IS 'lost: its process ended before it had an answer.';
COMMENT ON COLUMN effect_attempt.steps IS 'What was done, in order: asked:unknown told:http_500';
COMMENT ON COLUMN effect_attempt.words IS 'What the outside said, encrypted: it may be personal.';

CREATE TABLE lane_pause (
    lane      text NOT NULL,
    turn      text NOT NULL DEFAULT '',
    paused_by text NOT NULL,
    reason    text NOT NULL,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (lane, turn)
);
COMMENT ON COLUMN lane_pause.turn IS 'Empty: the whole lane.';

CREATE TABLE stuck_act (
    act_id      uuid NOT NULL,
    item        text NOT NULL,
    act         text NOT NULL CHECK (act IN ('redrive', 'discard', 'pause', 'resume', 'take')),
    reason      text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    approved_by text CHECK (approved_by <> proposed_by),
    approved_at timestamptz,
    outcome     text,
    done_at     timestamptz,
    PRIMARY KEY (act_id, item)
);
CREATE INDEX stuck_act_item ON stuck_act (item);
CREATE INDEX stuck_act_proposed ON stuck_act (proposed_at);
COMMENT ON TABLE stuck_act IS 'What people did about what was stuck; never changed once done.';

CREATE TABLE stuck_holder (
    item   text PRIMARY KEY,
    holder text NOT NULL,
    since  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE stuck_holder IS 'Who looks after a stuck thing.';

ALTER TABLE dead_letter
    ADD COLUMN settled_by uuid,
    ADD COLUMN settled_at timestamptz;
COMMENT ON COLUMN dead_letter.settled_by IS 'The act that redrove or discarded it.';
CREATE INDEX dead_letter_open ON dead_letter (at) WHERE settled_at IS NULL;
CREATE INDEX dead_letter_dossier ON dead_letter (dossier_id) WHERE dossier_id IS NOT NULL;

ALTER TABLE conflict
    ADD COLUMN settled_by uuid,
    ADD COLUMN settled_at timestamptz;
COMMENT ON COLUMN conflict.settled_by IS 'The act by which two people said it is dealt with.';

CREATE TABLE reconciliation (
    run_id      uuid PRIMARY KEY,
    neighbour   text NOT NULL,
    scope       text NOT NULL CHECK (scope IN ('changed', 'all')),
    asked_by    text NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    position    text   NOT NULL DEFAULT '',
    compared    bigint NOT NULL DEFAULT 0,
    passed_over bigint NOT NULL DEFAULT 0
);
CREATE INDEX reconciliation_started ON reconciliation (neighbour, started_at);
CREATE UNIQUE INDEX reconciliation_open ON reconciliation (neighbour) WHERE finished_at IS NULL;
COMMENT ON COLUMN reconciliation.neighbour IS 'register, or the id of a portal.';
COMMENT ON COLUMN reconciliation.passed_over IS 'Of these the neighbour gave no answer.';
COMMENT ON COLUMN reconciliation.position IS 'What was compared last; a run goes on after it.';

CREATE TABLE difference (
    run_id       uuid NOT NULL REFERENCES reconciliation,
    reference    text NOT NULL,
    kind         text NOT NULL CHECK (kind IN
        ('missing_here', 'missing_there', 'different_status', 'different_number')),
    dossier_id   uuid,
    dossier_code text NOT NULL DEFAULT '',
    ours         text NOT NULL,
    theirs       text NOT NULL,
    repair       text NOT NULL DEFAULT '',
    found_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    repaired_at  timestamptz,
    again        uuid,
    province_code text NOT NULL DEFAULT '',
    unit_code     text NOT NULL DEFAULT '',
    PRIMARY KEY (run_id, reference, kind)
);
CREATE INDEX difference_listed ON difference
    (run_id, province_code, unit_code, kind, reference);
CREATE INDEX difference_open ON difference (reference)
    WHERE repaired_at IS NULL AND again IS NULL;
COMMENT ON COLUMN difference.reference IS 'The dossier code, or the portal''s own reference.';
COMMENT ON COLUMN difference.found_at IS 'By the first run of those that found it in turn.';
COMMENT ON COLUMN difference.again IS 'The later run that found it again: it stands open there.';
COMMENT ON COLUMN difference.repair IS 'What repairs it by an event; empty: a person must look.';

-- What the board of a province counts. A fact is written with the decision it is of and moved into
-- the counters by a task; a case remembers how much of its trail is written, so that what an
-- earlier release decided is found and counted too.

ALTER TABLE dossier_case
    ADD COLUMN road    text NOT NULL DEFAULT '',
    ADD COLUMN counted integer NOT NULL DEFAULT 0,
    ADD COLUMN counted_in integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN dossier_case.road IS 'The channel it came by, or imported.';
COMMENT ON COLUMN dossier_case.counted IS 'So many entries of the trail are written as facts.';
COMMENT ON COLUMN dossier_case.counted_in IS 'In that era; what was counted in another is not.';

CREATE TABLE board_era (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    era integer NOT NULL DEFAULT 0
);
INSERT INTO board_era DEFAULT VALUES;
COMMENT ON TABLE board_era IS 'Another era begins when all is counted anew; no case is written.';

CREATE TABLE board_fact (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_code    text NOT NULL,
    unit_on      date NOT NULL,
    day          date NOT NULL,
    road         text NOT NULL,
    what         text NOT NULL,
    reason       text NOT NULL,
    count        integer NOT NULL,
    late         integer NOT NULL,
    late_minutes bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE board_fact IS 'Facts of decided batches that are not in the counters yet.';

CREATE TABLE board_day (
    province_code text NOT NULL,
    day           date NOT NULL,
    road          text NOT NULL,
    what          text NOT NULL,
    reason        text NOT NULL,
    count         bigint NOT NULL,
    late          bigint NOT NULL,
    late_minutes  bigint NOT NULL,
    PRIMARY KEY (province_code, day, road, what, reason)
) WITH (fillfactor = 70);
COMMENT ON TABLE board_day IS 'How often what happened in a province on a day in Vietnam.';

-- Who read or opened personal data of which dossier; and the rows sealed, block by block.

CREATE TABLE access (
    place      xid8   NOT NULL DEFAULT pg_current_xact_id(),
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor      text   NOT NULL,
    unit_code  text   NOT NULL DEFAULT '',
    dossier_id uuid,
    act        text   NOT NULL DEFAULT 'looked' CHECK (act IN (
        'looked', 'printed', 'tracked', 'opened_to_take_in', 'opened_to_decide', 'opened_to_send',
        'opened_to_merge', 'opened_to_compare', 'opened_letter', 'answered_subject')),
    purpose    text   NOT NULL DEFAULT ''
);
CREATE INDEX access_dossier ON access (dossier_id, at);
COMMENT ON TABLE access IS 'Every read and decrypt of personal data; rows are only ever added.';
COMMENT ON COLUMN access.place IS
    'Before `id` in this order: whoever has a number has its transaction''s before it, so that the
     sealing can tell when no lower number is still under way.';
COMMENT ON COLUMN access.actor IS 'A token''s sub, citizen, or service:<name> for the machine.';
COMMENT ON COLUMN access.dossier_id IS 'None: of a record that names no dossier.';

CREATE TABLE access_block (
    block    bigint PRIMARY KEY CHECK (block > 0),
    first    bigint NOT NULL,
    last     bigint NOT NULL CHECK (last >= first),
    count    int    NOT NULL CHECK (count > 0),
    sha256   text   NOT NULL,
    prevhash text   NOT NULL,
    body     bytea  NOT NULL
);
COMMENT ON TABLE access_block IS 'Rows of `access` in a row, digested; each names the one before.';
COMMENT ON COLUMN access_block.body IS 'The record on the access topic, byte for byte.';

CREATE FUNCTION accesses_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME;
END $$;
CREATE TRIGGER access_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON access
    FOR EACH STATEMENT EXECUTE FUNCTION accesses_only_grow();
CREATE TRIGGER access_block_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON access_block
    FOR EACH STATEMENT EXECUTE FUNCTION accesses_only_grow();

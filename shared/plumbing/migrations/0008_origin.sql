-- Which database server this is: another one than at the last start was restored or failed over.
CREATE TABLE database_origin (
    only_row boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    origin   text        NOT NULL,
    at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN database_origin.origin IS
    'The server''s identity, its timeline and the database''s number; a backup brings back the one
     of then, so that a service sees that it was restored.';

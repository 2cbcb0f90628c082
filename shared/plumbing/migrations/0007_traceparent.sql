-- What a trace needs to go on where no event carries it; filled only while traces are recorded.

ALTER TABLE effect ADD COLUMN traceparent text;
COMMENT ON COLUMN effect.traceparent IS 'The decision that brought it about, if it was recorded.';

ALTER TABLE stream ADD COLUMN traceparent text;
COMMENT ON COLUMN stream.traceparent IS 'The last decision about the dossier that was recorded.';

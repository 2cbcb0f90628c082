-- What a neighbour misses is published again by dossier; a hash stays small and is cheap to add to.
CREATE INDEX outbox_sent_key ON outbox_sent USING hash (key);

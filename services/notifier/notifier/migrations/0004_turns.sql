-- Portals have equal turns, and provinces at the gateway and the mail server.
ALTER TABLE correspondence ADD COLUMN province_code text NOT NULL DEFAULT '';
COMMENT ON COLUMN correspondence.province_code IS
    'Whose turn its messages have; empty for a dossier heard of before it was kept.';

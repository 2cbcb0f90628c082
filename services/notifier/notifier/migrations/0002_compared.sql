-- What a comparison with the portals needs: what changed since, and when it was compared.
-- A constant for the rows there are spares writing the table anew under its lock.
ALTER TABLE correspondence
    ADD COLUMN changed_at  timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN compared_at timestamptz;
ALTER TABLE correspondence ALTER COLUMN changed_at SET DEFAULT clock_timestamp();
COMMENT ON COLUMN correspondence.compared_at IS
    'When the portal was last seen to say the same; empty: never, or it differed.';

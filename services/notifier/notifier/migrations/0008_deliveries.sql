-- A portal looks at its deliveries page by page.
-- In a file of its own: readers of what other files change do not wait for it.
CREATE INDEX effect_portal ON effect (turn, position) WHERE lane = 'portal';

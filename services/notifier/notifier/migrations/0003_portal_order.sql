-- A portal's dossiers in order; by itself, for readers go on while an index is built.
CREATE INDEX correspondence_portal ON correspondence (portal, portal_reference);

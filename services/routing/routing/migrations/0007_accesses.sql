-- Who looked stands in the core's log of accesses, with what the machine opened.
-- The name stays for processes of the release before, which write and read by it.
-- A look that such a process writes during the copy waits, and goes into the view.
LOCK TABLE access_log IN ACCESS EXCLUSIVE MODE;
INSERT INTO access (at, actor, unit_code, dossier_id, act, purpose)
SELECT at, actor, unit_code, dossier_id,
    CASE WHEN actor = 'citizen' THEN 'tracked' WHEN what LIKE 'slip:%' THEN 'printed' ELSE 'looked' END,
    what
FROM access_log ORDER BY id;
DROP TABLE access_log;
CREATE VIEW access_log AS
    SELECT id, actor, unit_code, dossier_id, purpose AS what, at FROM access
    WHERE act IN ('looked', 'printed', 'tracked');

-- Callbacks asked for before there were turns: else they are all one portal's, with one valve.
UPDATE effect e SET turn = c.portal
FROM correspondence c
WHERE c.dossier_id = e.dossier_id AND e.lane = 'portal' AND e.turn = ''
    AND e.state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT', 'MANUAL');

-- Each portal has a topic of its own for its replies; what was decided before goes there too.

UPDATE outbox
SET topic = 'portal.replies.' || (convert_from(body, 'UTF8')::jsonb #>> '{data,portal}') || '.v1'
WHERE topic = 'portal.replies.v1';

"""How an effect is claimed and answered, in SQL."""

#: $1 lease in seconds, $2 how many, $3 owner, $4 those whose answers wait to be written.
#: Time is the database's; one at a time of a dossier's lane.
CLAIM = """
UPDATE effect e SET
    in_doubt = e.in_doubt OR e.state <> 'PENDING',
    state = 'IN_FLIGHT', fence = e.fence + 1, attempt = e.attempt + 1,
    lease_until = clock_timestamp() + make_interval(secs => $1), owner = $3
FROM (
    SELECT c.effect_id FROM effect c
    WHERE ((c.state IN ('PENDING', 'IN_DOUBT') AND c.due_at <= clock_timestamp())
        OR (c.state = 'IN_FLIGHT' AND c.lease_until < clock_timestamp()))
      AND c.effect_id <> ALL($4::uuid[])
      AND NOT EXISTS (
        SELECT 1 FROM effect p WHERE p.dossier_id = c.dossier_id AND p.lane = c.lane
          AND p.position < c.position AND p.state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT'))
    ORDER BY c.due_at LIMIT $2 FOR UPDATE OF c SKIP LOCKED
) due
WHERE e.effect_id = due.effect_id
RETURNING e.effect_id, e.dossier_id, e.kind, e.request, e.attempt, e.in_doubt, e.begun,
    e.fence, e.doubt_since, clock_timestamp() - e.created_at AS age
"""

#: Per answer $1 effect, $2 fence, $3 state, $4 reason, $5 in doubt, $6 pause in seconds. Whoever
#: lost its lease writes nothing. Of the erased (the last particulars cursor) no request stays.
#: `doubt_since` is set with the first answer that is no answer.
FINISH = """
UPDATE effect e SET reason = t.reason, lease_until = NULL,
    state = CASE WHEN t.state = 'PENDING' AND e.in_doubt THEN 'IN_DOUBT' ELSE t.state END,
    in_doubt = e.in_doubt OR t.in_doubt,
    begun = e.begun AND t.state <> 'PENDING',
    due_at = clock_timestamp() + make_interval(secs => t.pause),
    doubt_since = CASE WHEN t.in_doubt
        THEN coalesce(e.doubt_since, clock_timestamp()) ELSE e.doubt_since END,
    request = CASE WHEN t.state IN ('DONE', 'REJECTED') OR (t.state = 'MANUAL' AND EXISTS (
        SELECT 1 FROM inbound_cursor c WHERE c.dossier_id = e.dossier_id
          AND c.source = 'particulars' AND c.last_seq = 2147483647)) THEN NULL ELSE e.request END,
    ended_at = CASE WHEN t.state IN ('DONE', 'REJECTED', 'MANUAL') THEN clock_timestamp() END
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::boolean[], $6::float8[])
    t(effect_id, fence, state, reason, in_doubt, pause)
WHERE e.effect_id = t.effect_id AND e.fence = t.fence AND e.state = 'IN_FLIGHT'
RETURNING e.effect_id, e.fence, e.doubt_since
"""

#: A replica that comes back takes up its own calls at once; what was under way is in doubt.
RELEASE = """
UPDATE effect SET lease_until = clock_timestamp() WHERE state = 'IN_FLIGHT' AND owner = $1
"""

#: $1 effect, $2 fence. Written before the part of a call that cannot be taken back.
BEGIN = """
UPDATE effect SET begun = true WHERE effect_id = $1 AND fence = $2 AND state = 'IN_FLIGHT'
RETURNING 1
"""

#: $1 dossiers whose personal data is erased: what a person was to look at goes too.
BLANK = """
UPDATE effect SET request = NULL WHERE dossier_id = ANY($1::uuid[]) AND state = 'MANUAL'
"""

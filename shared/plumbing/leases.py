"""How an effect is claimed and answered, in SQL."""

#: Before LINES and CLAIM, in their transaction. A plan made while nothing waits must be good when
#: a hundred thousand do: only the indexes in their order may be used, and the statements are
#: written so that there is nothing to join in another way. So each is planned once for all.
BY_INDEX = """
SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off;
SET LOCAL plan_cache_mode = force_generic_plan
"""

# A call that may be claimed: due, or left by a process that ended. `statement_timestamp` is a
# bound of the index, `clock_timestamp` would be none. One at a time of a dossier's lane.
_CLAIMABLE = """
    split_part(c.kind, ':', 1) = l.call AND c.turn = l.turn AND c.lane = l.lane
    AND c.state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT') AND c.due_at <= statement_timestamp()
    AND (c.state <> 'IN_FLIGHT' OR c.lease_until < statement_timestamp())
    AND c.effect_id <> ALL({ours}::uuid[])
    AND c.position = (
      SELECT min(p.position) FROM effect p WHERE p.dossier_id = c.dossier_id
        AND p.lane = c.lane AND p.state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT'))
"""

#: $1 those whose answers wait to be written. Returns the neighbours, turns and lanes that have
#: something to claim and are not paused; each is one step through the index, however much waits.
LINES = f"""
WITH RECURSIVE line AS (
    (SELECT split_part(kind, ':', 1) AS call, turn, lane FROM effect
        WHERE state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT') ORDER BY 1, 2, 3 LIMIT 1)
    UNION ALL
    SELECT n.call, n.turn, n.lane FROM line l CROSS JOIN LATERAL (
        SELECT split_part(e.kind, ':', 1) AS call, e.turn, e.lane FROM effect e
        WHERE e.state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT')
          AND (split_part(e.kind, ':', 1), e.turn, e.lane) > (l.call, l.turn, l.lane)
        ORDER BY 1, 2, 3 LIMIT 1) n
)
SELECT l.call, l.turn, l.lane FROM line l
CROSS JOIN LATERAL (
    SELECT 1 FROM effect c WHERE {_CLAIMABLE.format(ours="$1")} ORDER BY c.due_at LIMIT 1) found
WHERE NOT EXISTS (
    SELECT 1 FROM lane_pause p WHERE p.lane = l.lane AND (p.turn = '' OR p.turn = l.turn))
"""

#: $1 lease in seconds, $2 owner, $3 those whose answers wait to be written; how many of each:
#: $4 neighbours, $5 turns, $6 lanes, $7 counts. The oldest first; time is the database's.
#: Of an attempt that was under way when its lease ended it is kept that it was lost.
CLAIM = f"""
WITH due AS MATERIALIZED (
    SELECT c.effect_id, c.fence, c.attempt, c.state
    FROM unnest($4::text[], $5::text[], $6::text[], $7::int[]) l(call, turn, lane, room)
    CROSS JOIN LATERAL (
        SELECT c.effect_id, c.fence, c.attempt, c.state FROM effect c
        WHERE {_CLAIMABLE.format(ours="$3")}
        ORDER BY c.due_at LIMIT l.room FOR UPDATE OF c SKIP LOCKED
    ) c
), lost AS (
    INSERT INTO effect_attempt (effect_id, fence, attempt, outcome)
    SELECT effect_id, fence, attempt, 'lost' FROM due WHERE state = 'IN_FLIGHT'
    ON CONFLICT DO NOTHING
)
UPDATE effect e SET
    in_doubt = e.in_doubt OR e.state <> 'PENDING',
    state = 'IN_FLIGHT', fence = e.fence + 1, attempt = e.attempt + 1,
    lease_until = clock_timestamp() + make_interval(secs => $1), owner = $2
WHERE e.effect_id = ANY(ARRAY(SELECT effect_id FROM due))
RETURNING e.effect_id, e.dossier_id, e.kind, e.turn, e.lane, e.request, e.attempt, e.in_doubt,
    e.begun, e.fence, e.doubt_since, e.traceparent, clock_timestamp() - e.created_at AS age
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

#: Per answer that counts $1 effect, $2 fence, $3 attempt, $4 outcome, $5 reason, $6 steps,
#: $7 words. Of the erased no words stay; of a call tried for days its first ten attempts and the
#: latest fifty.
JOURNAL = """
WITH dropped AS (
    DELETE FROM effect_attempt a USING unnest($1::uuid[], $2::bigint[]) t(effect_id, fence)
    WHERE a.effect_id = t.effect_id AND a.attempt > 10 AND a.fence <= t.fence - 50
)
INSERT INTO effect_attempt (effect_id, fence, attempt, outcome, reason, steps, words)
SELECT t.effect_id, t.fence, t.attempt, t.outcome, t.reason, t.steps, CASE WHEN NOT EXISTS (
    SELECT 1 FROM effect e JOIN inbound_cursor c ON c.dossier_id = e.dossier_id
        AND c.source = 'particulars' AND c.last_seq = 2147483647
    WHERE e.effect_id = t.effect_id) THEN t.words END
FROM unnest($1::uuid[], $2::bigint[], $3::int[], $4::text[], $5::text[], $6::text[], $7::bytea[])
    t(effect_id, fence, attempt, outcome, reason, steps, words)
ON CONFLICT DO NOTHING
"""

#: A replica that comes back takes up its own calls at once; what was under way is in doubt.
RELEASE = """
UPDATE effect SET lease_until = clock_timestamp() WHERE state = 'IN_FLIGHT' AND owner = $1
"""

#: Per call $1 effect, $2 fence. Written before the part of a call that cannot be taken back.
BEGIN = """
UPDATE effect e SET begun = true FROM unnest($1::uuid[], $2::bigint[]) t(effect_id, fence)
WHERE e.effect_id = t.effect_id AND e.fence = t.fence AND e.state = 'IN_FLIGHT'
RETURNING e.effect_id, e.fence
"""

#: $1 dossiers whose personal data is erased: what a person was to look at goes too, and what the
#: outside said.
BLANK = """
WITH said AS (
    UPDATE effect_attempt a SET words = NULL FROM effect e
    WHERE e.dossier_id = ANY($1::uuid[]) AND a.effect_id = e.effect_id AND a.words IS NOT NULL
), letters AS (
    UPDATE dead_letter SET record = '' WHERE dossier_id = ANY($1::uuid[]) AND topic = $2
)
UPDATE effect SET request = NULL WHERE dossier_id = ANY($1::uuid[]) AND state = 'MANUAL'
"""

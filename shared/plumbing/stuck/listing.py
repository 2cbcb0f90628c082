"""The SQL of the lists: every kind gives the same columns."""

_BY_HAND, _IN_DOUBT = "coalesce(ended_at, created_at)", "coalesce(doubt_since, created_at)"
_SINCE = f"CASE WHEN state = 'MANUAL' THEN {_BY_HAND} ELSE {_IN_DOUBT} END"
_EFFECT = """
SELECT 'effect/' || effect_id AS key,
    CASE WHEN state = 'MANUAL' THEN 'manual' WHEN state IN ('DONE', 'REJECTED') THEN 'ended'
        WHEN in_doubt THEN 'in_doubt' ELSE 'waiting' END AS kind,
    dossier_id, {since} AS since,
    coalesce(reason, '') AS reason, kind AS call, attempt AS attempts,
    '' AS producer, 0 AS missing, 0 AS first_waiting, 0 AS waiting,
    jsonb_build_object('state', state, 'lane', lane, 'turn', turn, 'due_at', due_at,
        'begun', begun, 'may_have_happened', in_doubt, 'cause', cause_id) AS facts
FROM effect
"""

_PARKED = """
SELECT 'parked/' || p.dossier_id || '/' || p.source AS key, 'parked' AS kind, p.dossier_id,
    min(p.parked_at) AS since, 'predecessor_missing' AS reason, '' AS call, 0 AS attempts,
    p.source AS producer, coalesce(c.last_seq, 0) + 1 AS missing, min(p.seq) AS first_waiting,
    count(*)::int AS waiting, '{}'::jsonb AS facts
FROM inbound_parked p LEFT JOIN inbound_cursor c USING (dossier_id, source)
"""
_PARKED_END = " GROUP BY p.dossier_id, p.source, c.last_seq"

_LETTER = """
SELECT 'dead_letter/' || topic || '/' || part || '/' || off || '/'
        || (extract(epoch FROM at) * 1000000)::bigint AS key,
    CASE WHEN settled_at IS NULL THEN 'dead_letter' ELSE 'ended' END AS kind,
    dossier_id, at AS since, reason, '' AS call, 0 AS attempts,
    '' AS producer, 0 AS missing, 0 AS first_waiting, 0 AS waiting,
    jsonb_build_object('problems', problems, 'settled_by', settled_by) AS facts
FROM dead_letter
"""

_CONFLICT = """
SELECT 'conflict/' || id AS key,
    CASE WHEN settled_at IS NULL THEN 'conflict' ELSE 'ended' END AS kind,
    dossier_id, at AS since, 'same_sequence_other_bytes' AS reason, '' AS call, 0 AS attempts,
    source AS producer, seq AS missing, 0 AS first_waiting, 0 AS waiting,
    jsonb_build_object('have_hash', have_hash, 'got_hash', got_hash, 'topic', topic,
        'partition', part, 'offset', off) AS facts
FROM conflict
"""

#: By kind, everything of it that waits.
KINDS = {
    "parked": _PARKED + _PARKED_END,
    "dead_letter": _LETTER + " WHERE settled_at IS NULL",
    "in_doubt": _EFFECT.format(since=_IN_DOUBT)
    + " WHERE state IN ('IN_DOUBT', 'IN_FLIGHT') AND in_doubt",
    "manual": _EFFECT.format(since=_BY_HAND) + " WHERE state = 'MANUAL'",
    "conflict": _CONFLICT + " WHERE settled_at IS NULL",
    "waiting": _EFFECT.format(since=_IN_DOUBT) + " WHERE state IN ('PENDING', 'IN_FLIGHT')"
    " AND NOT in_doubt AND attempt > 0",
}
#: By sort of item, the one that the parameters from $2 on name.
ONE = {
    "effect": _EFFECT.format(since=_SINCE) + " WHERE effect_id = $2",
    "parked": _PARKED + " WHERE p.dossier_id = $2 AND p.source = $3" + _PARKED_END,
    "dead_letter": _LETTER + " WHERE topic = $2 AND part = $3 AND off = $4 AND at = $5",
    "conflict": _CONFLICT + " WHERE id = $2",
}

_COLUMNS = """
SELECT q.*, coalesce(s.subject, '') AS code, coalesce(h.holder, '') AS holder,
    greatest(extract(epoch FROM clock_timestamp() - q.since), 0)::bigint AS age_seconds
"""
_JOINS = """
LEFT JOIN stream s ON s.dossier_id = q.dossier_id
LEFT JOIN stuck_holder h ON h.item = $1 || '/' || q.key
"""


def page(kind: str) -> str:
    """Return the SQL of a page; $1 service, $2 and $3 since and key to go on after, $4 how many."""
    return (
        f"{_COLUMNS} FROM ({KINDS[kind]}) q {_JOINS}"
        " WHERE (q.since, q.key) > ($2, $3) ORDER BY q.since, q.key LIMIT $4"
    )


def one(sort: str) -> str:
    """Return the SQL of one item, ended or not; $1 service, then what names it."""
    return f"{_COLUMNS} FROM ({ONE[sort]}) q {_JOINS}"


ATTEMPTS = """
SELECT attempt, at, outcome, reason, steps FROM effect_attempt
WHERE effect_id = $1 ORDER BY fence DESC LIMIT 200
"""

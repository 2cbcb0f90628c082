"""Which dossiers the register is asked about next, and when again; the SQL of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from plumbing.database import Pool
from registry_sync.registration import UNKNOWN


@dataclass(frozen=True)
class Due:
    """A dossier to ask the register about; the push of that `round` was answered.

    `told_province` is the one the register was told, `province_code` that of who goes on.
    `revision` counts the corrections of its entry that are known, UNKNOWN while no entry is: the
    answer may come when there is one, and says nothing of it.
    """

    dossier_id: UUID
    code: str
    told_province: str
    province_code: str
    procedure_code: str
    round: int
    revision: int = UNKNOWN


#: $1 how many, $2 the provinces not to be asked. `now()` and not the clock: only a value that
#: stands still is looked up in an index. An array and no join: a join of what is claimed with the
#: whole table may be planned as one read of it.
CLAIM_DUE = f"""
WITH pushed AS (
    SELECT dossier_id, next_poll_at FROM registration
    WHERE status = 'pushed' AND next_poll_at <= now()
        AND coalesce(nullif(told_province, ''), province_code) <> ALL ($2::text[])
    ORDER BY next_poll_at LIMIT $1 FOR UPDATE SKIP LOCKED
), asked_back AS (
    SELECT dossier_id FROM registration
    WHERE status = 'returned' AND NOT closed AND next_poll_at <= now() AND polls < 1000
        AND coalesce(nullif(told_province, ''), province_code) <> ALL ($2::text[])
    ORDER BY next_poll_at LIMIT greatest($1 / 10, $1 - $1 / 10 - (SELECT count(*) FROM pushed))
    FOR UPDATE SKIP LOCKED
), numberless AS (
    SELECT dossier_id FROM registration
    WHERE status = 'registered' AND awaits_number AND next_poll_at <= now() AND polls < 1000
        AND coalesce(nullif(told_province, ''), province_code) <> ALL ($2::text[])
    ORDER BY next_poll_at LIMIT greatest($1 / 10,
        $1 - (SELECT count(*) FROM pushed) - (SELECT count(*) FROM asked_back))
    FOR UPDATE SKIP LOCKED
), due AS (
    SELECT dossier_id FROM asked_back UNION ALL SELECT dossier_id FROM numberless
    UNION ALL (SELECT dossier_id FROM pushed ORDER BY next_poll_at
        LIMIT $1 - (SELECT count(*) FROM asked_back) - (SELECT count(*) FROM numberless))
)
UPDATE registration r SET polls = r.polls + 1, next_poll_at = clock_timestamp()
    + make_interval(secs => CASE
        WHEN r.status = 'pushed' AND NOT r.closed
            THEN least(300, 0.5 * power(1.5, least(r.polls, 20)))
        WHEN r.status = 'registered' THEN least(21600, 30 * power(1.5, least(r.polls, 20)))
        ELSE least(3600, 60 * power(1.5, least(r.polls, 20))) END)
WHERE r.dossier_id = ANY (ARRAY(SELECT dossier_id FROM due))
RETURNING r.dossier_id, r.code, coalesce(nullif(r.told_province, ''), r.province_code) AS told,
    r.province_code, r.procedure_code, r.round, CASE
        WHEN r.status = 'registered' AND r.entry_number IS NOT NULL THEN r.revision
        ELSE {UNKNOWN} END AS revision
"""


async def claim_due(pool: Pool, limit: int, but_for: Sequence[str] = ()) -> list[Due]:
    """Return dossiers to ask about, and put off their next turn; no replica gets both.

    The pause grows with the number of polls: from half a second to five minutes for a result;
    from a minute to an hour while the citizen is asked for a supplement, for the register may
    decide meanwhile, and for what the one-stop has ended; from half a minute to six hours for a
    child's personal number, for eight months. Who waits for a result comes first, but a tenth is
    kept for each of the others. Provinces in `but_for` are left alone.
    """
    rows = await pool.fetch(CLAIM_DUE, limit, but_for)
    return [
        Due(
            row["dossier_id"],
            row["code"],
            row["told"],
            row["province_code"],
            row["procedure_code"],
            row["round"],
            row["revision"],
        )
        for row in rows
    ]

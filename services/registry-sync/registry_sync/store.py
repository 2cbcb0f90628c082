"""All SQL of registry-sync."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.particulars import Particulars
from plumbing.database import Conn, Pool
from plumbing.sealing import KeyRing, Sealed
from registry_sync.domain import CLOSED, ERASED
from registry_sync.registration import Registration


@dataclass(frozen=True)
class Due:
    """A dossier whose answer may be asked for now; the push of that `round` was answered.

    `told_province` is the one the register was told, `province_code` that of who goes on.
    """

    dossier_id: UUID
    code: str
    told_province: str
    province_code: str
    procedure_code: str
    round: int


class RegistrationStore:
    """What is known of each dossier's way through the register; personal columns are sealed."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def new(self, dossier_id: UUID, subject: str) -> Registration:
        """Return a registration nothing is known of yet."""
        return Registration(dossier_id, subject)

    async def load(self, conn: Conn, ids: Sequence[UUID]) -> dict[UUID, Registration]:
        """Return the registrations that exist."""
        rows = await conn.fetch(
            "SELECT dossier_id, code, status, unit_code, province_code, procedure_code,"
            " accepted_at, erased, personal, round, particulars_version, held_version, closed,"
            " pushed_at, told_unit, told_province"
            " FROM registration WHERE dossier_id = ANY($1::uuid[])",
            ids,
        )
        found = {}
        for row in rows:
            particulars, number, earlier = self._open(row["dossier_id"], row["personal"])
            found[row["dossier_id"]] = Registration(
                row["dossier_id"],
                row["code"],
                row["status"],
                row["unit_code"],
                row["province_code"],
                row["procedure_code"],
                row["accepted_at"],
                particulars,
                row["erased"],
                number,
                row["round"],
                row["particulars_version"],
                row["held_version"],
                row["closed"],
                earlier,
                row["pushed_at"],
                row["told_unit"],
                row["told_province"],
            )
        return found

    async def save(self, conn: Conn, states: Sequence[Registration]) -> None:
        """Write the registrations, new and changed; a pushed one is due for its first poll.

        The pauses between its polls begin anew: a later round is not asked about more seldom. One
        that was asked back is not in a hurry.
        """
        await conn.execute(
            "INSERT INTO registration (dossier_id, code, status, unit_code, province_code,"
            " procedure_code, accepted_at, erased, personal, round, particulars_version,"
            " held_version, closed, pushed_at, told_unit, told_province)"
            " SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[],"
            " $6::text[], $7::timestamptz[], $8::boolean[], $9::bytea[], $10::int[], $11::int[],"
            " $12::int[], $13::boolean[], $14::timestamptz[], $15::text[], $16::text[])"
            " ON CONFLICT (dossier_id) DO UPDATE SET code = excluded.code,"
            " status = excluded.status, unit_code = excluded.unit_code,"
            " province_code = excluded.province_code, procedure_code = excluded.procedure_code,"
            " accepted_at = excluded.accepted_at, erased = excluded.erased,"
            " personal = excluded.personal, round = excluded.round,"
            " particulars_version = excluded.particulars_version,"
            " held_version = excluded.held_version, closed = excluded.closed,"
            " pushed_at = excluded.pushed_at, told_unit = excluded.told_unit,"
            " told_province = excluded.told_province,"
            " polls = CASE WHEN registration.status <> excluded.status"
            "   THEN 0 ELSE registration.polls END,"
            " next_poll_at = CASE WHEN registration.status <> excluded.status"
            "   THEN clock_timestamp() + make_interval(secs =>"
            "     CASE excluded.status WHEN 'returned' THEN 60 ELSE 0 END)"
            "   ELSE registration.next_poll_at END",
            [case.dossier_id for case in states],
            [case.code for case in states],
            [case.status for case in states],
            [case.unit_code for case in states],
            [case.province_code for case in states],
            [case.procedure_code for case in states],
            [case.accepted_at for case in states],
            [case.erased for case in states],
            [self._seal(case) for case in states],
            [case.round for case in states],
            [case.particulars_version for case in states],
            [case.held_version for case in states],
            [case.closed for case in states],
            [case.pushed_at for case in states],
            [case.told_unit for case in states],
            [case.told_province for case in states],
        )

    def _seal(self, case: Registration) -> bytes | None:
        if case.particulars is None and case.personal_number is None:
            return None
        plain = {
            "particulars": case.particulars and case.particulars.model_dump(mode="json"),
            "personal_number": case.personal_number,
            "earlier": [[version, one.model_dump(mode="json")] for version, one in case.earlier],
        }
        body = json.dumps(plain, ensure_ascii=False).encode()
        return self._keys.seal(body, f"registry-sync:{case.dossier_id}").pack()

    def _open(
        self, dossier_id: UUID, packed: bytes | None
    ) -> tuple[Particulars | None, str | None, tuple[tuple[int, Particulars], ...]]:
        if packed is None:
            return None, None, ()
        body = self._keys.open(Sealed.unpack(packed), f"registry-sync:{dossier_id}")
        plain = json.loads(body)
        read = Particulars.model_validate
        # Before the versions were kept there was the newest alone.
        earlier = tuple((version, read(one)) for version, one in plain.get("earlier", ()))
        newest = plain["particulars"]
        return read(newest) if newest else None, plain["personal_number"], earlier


async def why_untold(conn: Conn, dossier_id: UUID) -> str | None:
    """Return why the register is not to be told of the dossier, None when it is."""
    row = await conn.fetchrow(
        "SELECT erased, closed FROM registration WHERE dossier_id = $1", dossier_id
    )
    if row is None:
        return None
    # An ended dossier is nobody's any more: that its data are erased too is no news.
    return CLOSED if row["closed"] else ERASED if row["erased"] else None


#: $1 how many. `now()` and not the clock: only a value that stands still is looked up in an index.
CLAIM_DUE = """
WITH pushed AS (
    SELECT dossier_id FROM registration WHERE status = 'pushed' AND next_poll_at <= now()
    ORDER BY next_poll_at LIMIT $1 FOR UPDATE SKIP LOCKED
), asked_back AS (
    SELECT dossier_id FROM registration
    WHERE status = 'returned' AND NOT closed AND next_poll_at <= now() AND polls < 1000
    ORDER BY next_poll_at LIMIT $1 - (SELECT count(*) FROM pushed) FOR UPDATE SKIP LOCKED
)
UPDATE registration r SET polls = r.polls + 1, next_poll_at = clock_timestamp()
    + make_interval(secs => CASE r.status
        WHEN 'pushed' THEN least(300, 0.5 * power(1.5, least(r.polls, 20)))
        ELSE least(3600, 60 * power(1.5, least(r.polls, 20))) END)
FROM (SELECT dossier_id FROM pushed UNION ALL SELECT dossier_id FROM asked_back) due
WHERE r.dossier_id = due.dossier_id
RETURNING r.dossier_id, r.code, coalesce(nullif(r.told_province, ''), r.province_code) AS told,
    r.province_code, r.procedure_code, r.round
"""


async def claim_due(pool: Pool, limit: int) -> list[Due]:
    """Return dossiers to ask about, and put off their next turn; no replica gets both.

    The pause grows with the number of polls, from half a second to five minutes; from a minute
    to an hour while the citizen is asked for a supplement: the register may decide meanwhile.
    """
    rows = await pool.fetch(CLAIM_DUE, limit)
    return [
        Due(
            row["dossier_id"],
            row["code"],
            row["told"],
            row["province_code"],
            row["procedure_code"],
            row["round"],
        )
        for row in rows
    ]

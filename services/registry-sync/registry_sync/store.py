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
    """A dossier whose answer may be asked for now; the push of that `round` was answered."""

    dossier_id: UUID
    code: str
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
            " accepted_at, erased, personal, round, particulars_version, held_version, closed"
            " FROM registration WHERE dossier_id = ANY($1::uuid[])",
            ids,
        )
        found = {}
        for row in rows:
            particulars, number = self._open(row["dossier_id"], row["personal"])
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
            )
        return found

    async def save(self, conn: Conn, states: Sequence[Registration]) -> None:
        """Write the registrations, new and changed; a pushed one is due for its first poll.

        The pauses between its polls begin anew: a later round is not asked about more seldom.
        """
        await conn.execute(
            "INSERT INTO registration (dossier_id, code, status, unit_code, province_code,"
            " procedure_code, accepted_at, erased, personal, round, particulars_version,"
            " held_version, closed)"
            " SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[],"
            " $6::text[], $7::timestamptz[], $8::boolean[], $9::bytea[], $10::int[], $11::int[],"
            " $12::int[], $13::boolean[])"
            " ON CONFLICT (dossier_id) DO UPDATE SET code = excluded.code,"
            " status = excluded.status, unit_code = excluded.unit_code,"
            " province_code = excluded.province_code, procedure_code = excluded.procedure_code,"
            " accepted_at = excluded.accepted_at, erased = excluded.erased,"
            " personal = excluded.personal, round = excluded.round,"
            " particulars_version = excluded.particulars_version,"
            " held_version = excluded.held_version, closed = excluded.closed,"
            " polls = CASE WHEN registration.status <> excluded.status"
            "   THEN 0 ELSE registration.polls END,"
            " next_poll_at = CASE WHEN registration.status <> excluded.status"
            "   THEN clock_timestamp() ELSE registration.next_poll_at END",
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
        )

    def _seal(self, case: Registration) -> bytes | None:
        if case.particulars is None and case.personal_number is None:
            return None
        plain = {
            "particulars": case.particulars and case.particulars.model_dump(mode="json"),
            "personal_number": case.personal_number,
        }
        body = json.dumps(plain, ensure_ascii=False).encode()
        return self._keys.seal(body, f"registry-sync:{case.dossier_id}").pack()

    def _open(
        self, dossier_id: UUID, packed: bytes | None
    ) -> tuple[Particulars | None, str | None]:
        if packed is None:
            return None, None
        body = self._keys.open(Sealed.unpack(packed), f"registry-sync:{dossier_id}")
        plain = json.loads(body)
        particulars = plain["particulars"]
        return (
            Particulars.model_validate(particulars) if particulars else None,
            plain["personal_number"],
        )


async def why_untold(conn: Conn, dossier_id: UUID) -> str | None:
    """Return why the register is not to be told of the dossier, None when it is."""
    row = await conn.fetchrow(
        "SELECT erased, closed FROM registration WHERE dossier_id = $1", dossier_id
    )
    if row is None:
        return None
    # An ended dossier is nobody's any more: that its data are erased too is no news.
    return CLOSED if row["closed"] else ERASED if row["erased"] else None


async def claim_due(pool: Pool, limit: int) -> list[Due]:
    """Return pushed dossiers to ask about, and put off their next turn; no replica gets both.

    The pause grows with the number of polls, from half a second to five minutes.
    """
    rows = await pool.fetch(
        "UPDATE registration r SET polls = r.polls + 1, next_poll_at = clock_timestamp()"
        "   + make_interval(secs => least(300, 0.5 * power(1.5, least(r.polls, 20))))"
        " FROM (SELECT dossier_id FROM registration WHERE status = 'pushed'"
        "   AND next_poll_at <= clock_timestamp() ORDER BY next_poll_at LIMIT $1"
        "   FOR UPDATE SKIP LOCKED) due"
        " WHERE r.dossier_id = due.dossier_id"
        " RETURNING r.dossier_id, r.code, r.province_code, r.procedure_code, r.round",
        limit,
    )
    return [
        Due(
            row["dossier_id"],
            row["code"],
            row["province_code"],
            row["procedure_code"],
            row["round"],
        )
        for row in rows
    ]

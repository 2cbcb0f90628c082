"""All SQL of registry-sync."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from contracts.particulars import Particulars
from plumbing.accesses.opening import Opening, opening
from plumbing.accesses.rows import by_service
from plumbing.database import Conn, Pool
from plumbing.sealing import KeyRing
from registry_sync.domain import CLOSED, ERASED
from registry_sync.registration import BookEntry, Registration


@dataclass(frozen=True)
class _Kept:
    """What is sealed of a dossier; before the versions were kept there was the newest alone."""

    particulars: Particulars | None
    personal_number: str | None
    earlier: tuple[tuple[int, Particulars], ...] = ()


_KEPT = TypeAdapter(_Kept)


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
            " pushed_at, told_unit, told_province, entry_unit, entry_number, entry_book,"
            " entry_page, entry_day, revision, awaits_number, unit_told, discarded, refused"
            " FROM registration WHERE dossier_id = ANY($1::uuid[])",
            ids,
        )
        by = by_service("registry-sync", "opened_to_decide")
        async with opening(conn, self._keys, by) as access:
            return {row["dossier_id"]: _read(row, access) for row in rows}

    async def save(self, conn: Conn, states: Sequence[Registration]) -> None:
        """Write the registrations, new and changed; a pushed one is due for its first poll.

        The pauses between its polls begin anew: a later round is not asked about more seldom. One
        that was asked back is not in a hurry, nor is a personal number.
        """
        await conn.execute(
            "INSERT INTO registration (dossier_id, code, status, unit_code, province_code,"
            " procedure_code, accepted_at, erased, personal, round, particulars_version,"
            " held_version, closed, pushed_at, told_unit, told_province, entry_unit,"
            " entry_number, entry_book, entry_page, entry_day, revision, awaits_number, unit_told,"
            " discarded, refused)"
            " SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[],"
            " $6::text[], $7::timestamptz[], $8::boolean[], $9::bytea[], $10::int[], $11::int[],"
            " $12::int[], $13::boolean[], $14::timestamptz[], $15::text[], $16::text[],"
            " $17::text[], $18::text[], $19::text[], $20::text[], $21::date[], $22::int[],"
            " $23::boolean[], $24::boolean[], $25::boolean[], $26::boolean[])"
            " ON CONFLICT (dossier_id) DO UPDATE SET code = excluded.code,"
            " status = excluded.status, unit_code = excluded.unit_code,"
            " province_code = excluded.province_code, procedure_code = excluded.procedure_code,"
            " accepted_at = excluded.accepted_at, erased = excluded.erased,"
            " personal = excluded.personal, round = excluded.round,"
            " particulars_version = excluded.particulars_version,"
            " held_version = excluded.held_version, closed = excluded.closed,"
            " pushed_at = excluded.pushed_at, told_unit = excluded.told_unit,"
            " told_province = excluded.told_province, entry_unit = excluded.entry_unit,"
            " entry_number = excluded.entry_number, entry_book = excluded.entry_book,"
            " entry_page = excluded.entry_page, entry_day = excluded.entry_day,"
            " revision = excluded.revision, awaits_number = excluded.awaits_number,"
            " unit_told = excluded.unit_told, discarded = excluded.discarded,"
            " refused = excluded.refused,"
            " polls = CASE WHEN registration.status <> excluded.status"
            "   THEN 0 ELSE registration.polls END,"
            " next_poll_at = CASE WHEN registration.status <> excluded.status"
            "   THEN clock_timestamp() + make_interval(secs =>"
            "     CASE excluded.status WHEN 'returned' THEN 60 WHEN 'registered' THEN 30"
            "     ELSE 0 END)"
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
            [case.entry and case.entry.unit_code for case in states],
            [case.entry and case.entry.number for case in states],
            [case.entry and case.entry.book for case in states],
            [case.entry and case.entry.page for case in states],
            [case.entry and case.entry.registered_on for case in states],
            [case.revision for case in states],
            [case.awaits_number for case in states],
            [case.unit_told for case in states],
            [case.discarded for case in states],
            [case.refused for case in states],
        )

    def _seal(self, case: Registration) -> bytes | None:
        if case.particulars is None and case.personal_number is None:
            return None
        kept = _Kept(case.particulars, case.personal_number, case.earlier)
        body = _KEPT.dump_json(kept)
        return self._keys.seal(body, f"registry-sync:{case.dossier_id}").pack()


def _read(row: Any, access: Opening) -> Registration:
    particulars, number, earlier = personal_of(row["dossier_id"], row["personal"], access)
    return Registration(
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
        _entry(row),
        row["revision"],
        row["awaits_number"],
        row["unit_told"],
        row["discarded"],
        row["refused"],
    )


_Personal = tuple[Particulars | None, str | None, tuple[tuple[int, Particulars], ...]]


def personal_of(dossier_id: UUID, packed: bytes | None, access: Opening) -> _Personal:
    """Return the newest data, the personal number and earlier data by version, as sealed.

    Raises Unsealable.
    """
    if packed is None:
        return None, None, ()
    kept = _KEPT.validate_json(access.open(dossier_id, packed, f"registry-sync:{dossier_id}"))
    return kept.particulars, kept.personal_number, kept.earlier


def _entry(row: Any) -> BookEntry | None:
    if row["entry_number"] is None:
        return None
    return BookEntry(
        row["entry_unit"],
        row["entry_number"],
        row["entry_book"],
        row["entry_page"],
        row["entry_day"],
    )


async def why_untold(pool: Pool, ids: Sequence[UUID]) -> list[str | None]:
    """Return of each dossier why the register is not to be told of it, None when it is."""
    rows = await pool.fetch(
        "SELECT dossier_id, erased, closed FROM registration WHERE dossier_id = ANY($1::uuid[])"
        " AND (erased OR closed)",
        ids,
    )
    # An ended dossier is nobody's any more: that its data are erased too is no news.
    why = {row["dossier_id"]: CLOSED if row["closed"] else ERASED for row in rows}
    return [why.get(one) for one in ids]

"""The same birth, marriage or death handed in twice: seen at once, before it is entered twice."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from contracts.model import local_day
from contracts.portal import Submission
from plumbing.database import Conn
from plumbing.sealing import KeyRing
from reference import Reference

SAME_EVENT: Final = "same_event"
#: An officer looks at these; more would not help.
MOST_NAMED: Final = 5
_BIRTHS: Final = frozenset({"birth", "birth_parent", "linked_birth"})


def events_in(submission: Submission, reference: Reference) -> tuple[str, ...]:
    """Return what names the civil event of a submission, so that the same event has one in common.

    A birth by child, day and mother (else father), a marriage by both parties, a death by the
    deceased; people by their personal number, else by name and birth date. Empty for what may be
    asked for again and again, and for what was registered before and is registered once more.

    Source: Luật Hộ tịch 2014, Điều 15, 18, 33 (each is registered once).
    """
    row = reference.procedure(submission.procedure_code, local_day(submission.submitted_at))
    if row is not None and "again" in row.key.split("_"):
        return ()
    form = submission.form
    if form.kind in _BIRTHS:
        return _birth(form)
    if form.kind == "marriage":
        parties = sorted((_person(form.groom), _person(form.bride)))
        return ("marriage|" + "|".join(parties),)
    if form.kind == "death":
        return (f"death|{_person(form.deceased)}",)
    return ()


def _birth(form: Any) -> tuple[str, ...]:
    child = f"birth|{_name(form.child.full_name)}|{form.child.born_on}"
    parents = [one for one in (form.mother, form.father) if one is not None]
    return tuple(f"{child}|{_person(one)}" for one in parents)


def _person(person: Any) -> str:
    return person.personal_number or f"{_name(person.full_name)}|{person.born_on}"


def _name(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


async def others(
    conn: Conn,
    keys: KeyRing,
    events: Mapping[UUID, Sequence[str]],
    codes: Mapping[UUID, str],
) -> dict[UUID, tuple[str, ...]]:
    """Keep the events of new dossiers; return for each the codes of others about the same one.

    In the order given, so that the later of two in one batch names the earlier. Two transactions
    about one event wait for each other.
    """
    marks = {
        dossier_id: {mark for name in names for mark in keys.blind(name.encode(), SAME_EVENT)}
        for dossier_id, names in events.items()
    }
    wanted = sorted(set().union(*marks.values()))
    if not wanted:
        return {}
    known = await _known(conn, wanted)
    found: dict[UUID, tuple[str, ...]] = {}
    rows = []
    for dossier_id, own in marks.items():
        alike = dict.fromkeys(code for mark in sorted(own) for code in known.get(mark, ()))
        if alike:
            found[dossier_id] = tuple(alike)[:MOST_NAMED]
        current = [keys.blind(name.encode(), SAME_EVENT)[0] for name in events[dossier_id]]
        for mark in current:
            known.setdefault(mark, []).append(codes[dossier_id])
            rows.append((mark, dossier_id, codes[dossier_id]))
    await conn.executemany(
        "INSERT INTO civil_event (fingerprint, dossier_id, code) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING",
        rows,
    )
    return found


async def _known(conn: Conn, wanted: Sequence[bytes]) -> dict[bytes, list[str]]:
    # One after the other in one order, so that no two transactions wait for each other in a ring.
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(encode(f, 'hex'), 0))"
        " FROM (SELECT f FROM unnest($1::bytea[]) f ORDER BY f OFFSET 0) s",
        wanted,
    )
    rows = await conn.fetch(
        "SELECT fingerprint, code FROM civil_event WHERE fingerprint = ANY($1::bytea[])"
        " ORDER BY at, code",
        wanted,
    )
    known: dict[bytes, list[str]] = {}
    for row in rows:
        known.setdefault(bytes(row["fingerprint"]), []).append(row["code"])
    return known


async def forget_events(conn: Conn, dossier_id: UUID) -> None:
    """Delete what tells the civil event of a dossier."""
    await conn.execute("DELETE FROM civil_event WHERE dossier_id = $1", dossier_id)

"""The same birth, marriage or death handed in twice: seen at once, before it is entered twice."""

import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
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
#: So many locks a transaction takes at most: one a mark would outgrow the server's lock table.
BUCKETS: Final = 1024
_LOCK_CLASS: Final = 0x6576656E
_KEEP: Final = """
INSERT INTO civil_event (fingerprint, dossier_id, code)
SELECT * FROM unnest($1::bytea[], $2::uuid[], $3::text[]) ON CONFLICT DO NOTHING
"""
_BIRTHS: Final = frozenset({"birth", "birth_parent", "linked_birth"})
#: Grave, acute, tilde, hook above, dot below: the five tones that are written.
_TONES: Final = frozenset("\u0300\u0301\u0303\u0309\u0323")


@dataclass(frozen=True)
class Marks:
    """What a submission leaves of its civil event, and what it looks for among those before.

    Two are about the same event exactly when one looks for what the other left.
    """

    left: tuple[str, ...] = ()
    sought: tuple[str, ...] = ()

    @classmethod
    def of(cls, event: str, *people: "Marks") -> "Marks":
        """Return the marks of an event all these people have a part in, in whatever order."""

        def named(sides: Sequence[tuple[str, ...]]) -> Iterator[str]:
            return ("|".join((event, *sorted(each))) for each in product(*sides))

        left = tuple(named([one.left for one in people]))
        return cls(left, tuple(named([one.sought for one in people])))

    def __add__(self, other: "Marks") -> "Marks":
        return Marks((*self.left, *other.left), (*self.sought, *other.sought))


def events_in(submission: Submission, reference: Reference) -> Marks:
    """Return the marks of a submission's civil event.

    A birth by child, day and mother or father, without parents by child, day and birthplace; a
    marriage by both parties, a death by the deceased. Without marks is what may be asked for again
    and again, what was registered before and is registered once more, and a form that is not here.

    Source: Luật Hộ tịch 2014, Điều 15, 18, 33 (each is registered once).
    """
    row = reference.procedure(submission.procedure_code, local_day(submission.submitted_at))
    if row is not None and "again" in row.key.split("_"):
        return Marks()
    form = submission.form
    if form.kind in _BIRTHS:
        return _birth(form)
    if form.kind == "marriage":
        return Marks.of("marriage", _person(form.groom), _person(form.bride))
    if form.kind == "death":
        return Marks.of("death", _person(form.deceased))
    return Marks()


def _birth(form: Any) -> Marks:
    child = f"birth|{_name(form.child.full_name)}|{form.child.born_on}"
    parents = [one for one in (form.mother, form.father) if one is not None]
    if not parents:
        alone = (f"{child}|at|{_birthplace(form.child)}",)
        return Marks(alone, alone)
    return sum((Marks.of(child, _person(one)) for one in parents), Marks())


def _birthplace(child: Any) -> str:
    abroad = child.birthplace_abroad
    if abroad is not None:
        return f"{abroad.country}|{_name(abroad.detail)}"
    return child.birthplace_unit_code or _name(child.birthplace_detail or "")


def _person(person: Any) -> Marks:
    """Return the marks of a person: by number; by name and birth date where one has no number.

    Two whose numbers differ are two people, though name and birth date are the same.
    """
    named, number = f"{_name(person.full_name)}|{person.born_on}", person.personal_number
    if number is None:
        return Marks((named,), (named, f"{named}|numbered"))
    return Marks((number, f"{named}|numbered"), (number, named))


def _name(text: str) -> str:
    """Return the name without regard to case, spaces and where a tone stands: hoà is hòa."""
    return " ".join(_word(one) for one in unicodedata.normalize("NFD", text.casefold()).split())


def _word(word: str) -> str:
    letters = "".join(one for one in word if one not in _TONES)
    return letters + "".join(one for one in word if one in _TONES)


async def others(
    conn: Conn,
    keys: KeyRing,
    events: Mapping[UUID, Marks],
    codes: Mapping[UUID, str],
) -> dict[UUID, tuple[str, ...]]:
    """Keep the events of new dossiers; return for each the codes of others about the same one.

    In the order given, so that the later of two in one batch names the earlier. Two transactions
    about one event wait for each other.
    """
    left = {i: [_blind(keys, name)[0] for name in marks.left] for i, marks in events.items()}
    sought = {
        i: sorted({blind for name in marks.sought for blind in _blind(keys, name)})
        for i, marks in events.items()
    }
    wanted = sorted(set().union(*sought.values()))
    if not wanted:
        return {}
    await lock_marks(conn, [*wanted, *(mark for own in left.values() for mark in own)])
    known = await _known(conn, wanted)
    found: dict[UUID, tuple[str, ...]] = {}
    rows = []
    for dossier_id, own in sought.items():
        alike = dict.fromkeys(code for mark in own for code in known.get(mark, ()))
        if alike:
            found[dossier_id] = tuple(alike)[:MOST_NAMED]
        for mark in left[dossier_id]:
            known.setdefault(mark, []).append(codes[dossier_id])
            rows.append((mark, dossier_id, codes[dossier_id]))
    if rows:
        await conn.execute(_KEEP, *map(list, zip(*rows, strict=True)))
    return found


def _blind(keys: KeyRing, name: str) -> tuple[bytes, ...]:
    return keys.blind(name.encode(), SAME_EVENT)


def bucket_of(mark: bytes) -> int:
    """Return which lock stands for the mark, below BUCKETS."""
    return int.from_bytes(mark[-2:]) & (BUCKETS - 1)


async def lock_marks(conn: Conn, marks: Collection[bytes]) -> None:
    """Wait for the transactions about any of these marks, and let later ones wait for this."""
    # In the order of what is locked, so that no two transactions wait for each other in a ring.
    await conn.execute(
        "SELECT pg_advisory_xact_lock($1, bucket) FROM unnest($2::int[]) bucket",
        _LOCK_CLASS,
        sorted({bucket_of(mark) for mark in marks}),
    )


async def _known(conn: Conn, wanted: Sequence[bytes]) -> dict[bytes, list[str]]:
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

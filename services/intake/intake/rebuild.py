"""How the intake's database is made once more from the log: what portals handed in, from events."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import reference
from contracts.decision import Context, Decision, ParticularsArrived, ParticularsErased, Refused
from contracts.events import EventData, Resubmitted, Submitted, WithdrawalRequested
from intake.app import MIGRATIONS
from intake.domain import (
    RULES,
    Added,
    Dossier,
    Erase,
    Party,
    Resubmit,
    Submit,
    Taken,
    Withdraw,
    decide_erasure,
)
from intake.keeping import keep
from intake.rebuild_kept import forget_again, submission_of
from intake.store import DossierStore
from plumbing.applying import Part
from plumbing.database import Conn
from plumbing.rebuilding.planning import Call, KnownAnswer, Plan
from plumbing.rebuilding.stories import Group
from plumbing.rebuilding.tables import Table
from plumbing.sealing import KeyRing

SERVICE = "intake"
#: Who asked for an erasure is in no event.
UNKNOWN = "unknown"
_CODE = re.compile(r"\.(?P<unit>\d+)-(?P<day>\d{6})-(?P<number>\d{4,})$")
_FORM = "made of what the portal wrote, which is in no event"

TABLES = (
    Table(
        "dossier",
        "rebuilt",
        key=("dossier_id",),
        columns=(
            *("code", "portal", "portal_reference", "received_at", "withdrawal_received_at"),
            "erased_at",
        ),
        told_as={"erased_at": "({0} IS NULL)"},
        personal=("erased_at",),
        unknown={"fingerprint": _FORM, "erased_by": "who asked for an erasure is in no event"},
        carry={
            "fingerprint": "CASE WHEN s.erased_at IS NULL THEN l.fingerprint END",
            "erased_at": "coalesce(l.erased_at, s.erased_at)",
            "erased_by": "coalesce(l.erased_by, s.erased_by)",
        },
    ),
    Table(
        "supplement",
        "rebuilt",
        key=("dossier_id", "round"),
        columns=("received_at",),
        unknown={"fingerprint": _FORM},
        carry={"fingerprint": "l.fingerprint"},
    ),
    Table(
        "code_counter",
        "rebuilt",
        "the highest number among the codes given; not compared",
        key=("unit_code", "day"),
        unknown={"last": "a number given and taken back is in no event"},
        carry={"last": "greatest(l.last, s.last)"},
        of_dossier=False,
    ),
    Table("idempotency_key", "carried", "keys of requests are in no event"),
    Table(
        "dossier_particulars",
        "rebuilt",
        key=("dossier_id",),
        columns=("version",),
        sealed=("sealed",),
        needs_particulars=True,
        newest="version",
    ),
    Table("civil_event", "carried", _FORM),
)


@dataclass(frozen=True)
class IntakePlan(Plan[Dossier]):
    """The intake's rules; what was handed in is made of the events it led to.

    With `keys` the submission as it stands is made of its event and the latest personal data.
    """

    keys: KeyRing | None = None

    def message(
        self,
        group: Group,
        state: Dossier,
        calls: Sequence[Call],
        known: Mapping[str, KnownAnswer],
    ) -> object | None:
        """Return what a portal handed in, as far as an event tells of it."""
        return _handed_in(group.data[0], len(state.added))

    def as_said(
        self,
        before: Dossier,
        decided: Dossier | None,
        message: Any,
        group: Group,
        *,
        is_same: bool,
    ) -> Dossier:
        """Return the dossier as the events tell it."""
        state = before
        for data in group.data:
            state = _said(state, data, group.time)
        return replace(state, code=group.said[0].event.subject)

    def finished(self, state: Dossier) -> Dossier:
        """Return the dossier without what stood for fingerprints."""
        taken = None if state.taken is None else replace(state.taken, fingerprint=None)
        added = tuple(replace(one, fingerprint=None) for one in state.added)
        return replace(state, taken=taken, added=added)

    async def also(self, conn: Conn, told: Sequence[Any]) -> None:
        """Keep the submissions as they stand, and count codes on after the highest given."""
        if self.keys is not None:
            found = {one.story.dossier_id: submission_of(one.story) for one in told}
            await keep(conn, self.keys, {i: kept for i, kept in found.items() if kept})
        await _count_on(conn, told)

    async def after_swap(self, conn: Conn) -> None:
        """Forget once more what is erased, and unsent personal data with a newer version."""
        await forget_again(conn)


async def _count_on(conn: Conn, told: Sequence[Any]) -> None:
    highest: dict[tuple[str, datetime], int] = {}
    for one in told:
        first = one.story.groups[0].data[0] if one.story.groups else None
        found = _CODE.search(one.head.subject)
        if not isinstance(first, Submitted) or first.imported or found is None:
            continue
        # The code's last part is a day and no moment.
        key = found["unit"], datetime.strptime(found["day"], "%y%m%d")  # noqa: DTZ007
        highest[key] = max(highest.get(key, 0), int(found["number"]))
    await conn.execute(
        "INSERT INTO code_counter AS c (unit_code, day, last)"
        " SELECT * FROM unnest($1::text[], $2::date[], $3::int[])"
        " ON CONFLICT (unit_code, day) DO UPDATE SET last = greatest(c.last, excluded.last)",
        [unit for unit, _ in highest],
        [day.date() for _, day in highest],
        list(highest.values()),
    )


def plan(keys: KeyRing | None) -> IntakePlan:
    """Return the intake's plan; without keys the submissions as they stand are not made."""
    known = reference.load()
    part: Part[Dossier] = Part(
        SERVICE,
        {**RULES, ParticularsArrived: _arrived, ParticularsErased: _erased},
        DossierStore(),
        lambda now: Context(now, known),
    )
    return IntakePlan(SERVICE, part, MIGRATIONS, TABLES, tells_outside=False, keys=keys)


def _arrived(
    message: ParticularsArrived, state: Dossier, context: Context
) -> Decision[Dossier] | Refused:
    # They were sealed before the event, and its code is not known from them.
    return Refused((), "not_taken") if state.taken is None else Decision(state, (), ())


def _erased(
    message: ParticularsErased, state: Dossier, context: Context
) -> Decision[Dossier] | Refused:
    return decide_erasure(Erase(UNKNOWN), state, context)


def _handed_in(data: EventData, added: int) -> object | None:
    # Rules read of a document what the event says; the rest of it is in no event.
    match data:
        case Submitted():
            party = Party(data.portal, data.channel, frozenset("*"))
            document: Any = SimpleNamespace(**dict(data))
            return Submit(
                party,
                document,
                UNKNOWN,
                data.particulars,
                data.flags,
                data.same_event_as,
                data.imported,
            )
        case Resubmitted():
            document = SimpleNamespace(**dict(data))
            return Resubmit(document, f"{UNKNOWN}:{added}", data.particulars)
        case WithdrawalRequested():
            document = SimpleNamespace(requested_at=data.requested_at)
            return Withdraw(document)
    return None


def _said(state: Dossier, data: EventData, at: datetime) -> Dossier:
    match data:
        case Submitted():
            return replace(state, taken=Taken(data.portal, data.portal_reference, None, at))
        case Resubmitted():
            return replace(state, added=(*state.added, Added(None, data.received_at or at)))
        case WithdrawalRequested():
            return replace(state, withdrawal_received_at=at)
    return state

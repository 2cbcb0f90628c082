"""How registry-sync's database is made once more from the log: the register's words from events."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid5

import reference
from contracts.decision import Answered, Context, InDoubt
from contracts.envelope import sha256
from contracts.events import (
    Accepted,
    EventData,
    PersonalIdAssigned,
    Registered,
    RegisterReturned,
    RegistrationCorrected,
    RegistrationInDoubt,
)
from plumbing.applying import Part
from plumbing.database import Conn
from plumbing.rebuilding.planning import ENDED, Call, KnownAnswer, Plan, Silent
from plumbing.rebuilding.stories import Group
from plumbing.rebuilding.tables import EFFECT, Table
from plumbing.sealing import KeyRing
from registry_sync.domain import CLOSED, ERASED, RULES
from registry_sync.eform import FIRST_BIRTHS
from registry_sync.reconciling_rules import RULES as RECONCILING
from registry_sync.reconciling_rules import SAID_NO, TELL_AGAIN
from registry_sync.registration import (
    PUSH,
    BookEntry,
    RegisterEntry,
    RegisterSaid,
    Registration,
    push_kind,
)
from registry_sync.store import RegistrationStore

SERVICE = "registry-sync"
#: Stands for a personal number, which is in no event; never written.
NO_NUMBER = "000000000000"
_REASONS = (SAID_NO, ERASED, CLOSED, "")
_IF_OPEN = "CASE WHEN {}.status = 'registered' THEN NULL ELSE ({0} IS NULL) END"

TABLES = (
    replace(EFFECT, needs_particulars=True, untold=f"l.kind LIKE '{TELL_AGAIN}:%'"),
    Table(
        "registration",
        "rebuilt",
        key=("dossier_id",),
        columns=(
            *("code", "status", "unit_code", "province_code", "procedure_code", "accepted_at"),
            *("erased", "round", "particulars_version", "held_version", "closed", "told_unit"),
            *("told_province", "entry_unit", "entry_number", "entry_book", "entry_page"),
            *("entry_day", "revision", "awaits_number", "discarded", "refused", "personal"),
        ),
        told_as={"personal": _IF_OPEN},
        personal=("status", "held_version", "told_unit", "told_province", "personal"),
        unknown={
            "next_poll_at": "when the register is asked next is in no event",
            "polls": "how often it was asked is in no event",
            "pushed_at": "a moment of a replica's clock; rebuilt as that of the decision",
            "unit_told": "an event names who entered it, not who said so",
            "compared_at": "comparisons with the register are in no event",
            "compared_as": "comparisons with the register are in no event",
            "seen": "that the register was once seen to have it is in no event",
        },
        inexact={
            "told_unit": "of the personal data the topic keeps the latest version alone",
            "told_province": "of the personal data the topic keeps the latest version alone",
        },
        carry={
            **{name: f"l.{name}" for name in ("next_poll_at", "polls", "unit_told", "seen")},
            **{name: f"l.{name}" for name in ("compared_at", "compared_as")},
            "pushed_at": "CASE WHEN l.round = s.round THEN coalesce(l.pushed_at, s.pushed_at)"
            " ELSE s.pushed_at END",
            # The personal number is in no event.
            "personal": "CASE WHEN s.status = 'registered' AND NOT s.erased"
            " THEN coalesce(l.personal, s.personal) ELSE s.personal END",
        },
    ),
)


@dataclass(frozen=True)
class RegistryPlan(Plan[Registration]):
    """The rules of registry-sync; the register's words are made of the events they led to."""

    def message(
        self,
        group: Group,
        state: Registration,
        calls: Sequence[Call],
        known: Mapping[str, KnownAnswer],
    ) -> object | None:
        """Return the register's word, or the answer to a call."""
        name, _, rest = group.cause.id.partition(":")
        if name == "effect":
            return _answer(rest, group, calls, known)
        if name in ("poll", "reconciliation"):
            return _word(group, state)
        return None

    def silent(
        self, state: Registration, calls: Sequence[Call], group: Group | None
    ) -> Iterable[Silent]:
        """Return that the push was taken, where the register has a word of its round."""
        kind = push_kind(state.round)
        is_open = any(call.kind == kind and call.state not in ENDED for call in calls)
        if group is not None and state.status == "pushing" and is_open:
            yield Silent(Answered(kind, "done", "", {}), None)

    def as_said(
        self,
        before: Registration,
        decided: Registration | None,
        message: Any,
        group: Group,
        *,
        is_same: bool,
    ) -> Registration:
        """Return the registration as the events tell it."""
        case = decided if decided is not None and is_same else before
        for data in group.data:
            case = _said(case, data)
        return case

    def noted(self, state: Registration, message: Any, at: Any) -> Registration:
        """Return the registration with an acceptance remembered, whatever came of it."""
        data = getattr(message, "data", None)
        if not isinstance(data, Accepted):
            return state
        return replace(
            state,
            code=message.subject,
            status="accepted",
            unit_code=data.unit_code,
            procedure_code=data.procedure_code,
            round=data.round,
            particulars_version=data.particulars_version,
        )

    def finished(self, state: Registration) -> Registration:
        """Return the registration without what stood for a personal number."""
        return replace(state, personal_number=None)

    async def also(self, conn: Conn, told: Sequence[Any]) -> None:
        """Take every dossier that was told for one the register has: it is not told again."""
        await conn.execute(
            "UPDATE registration SET seen = true WHERE told_unit <> '' AND NOT seen"
            " AND dossier_id = ANY($1::uuid[])",
            [one.story.dossier_id for one in told],
        )


def plan(keys: KeyRing | None) -> RegistryPlan:
    """Return the plan of registry-sync; without keys nothing personal can be read or written."""
    ring, known = keys or KeyRing("none", {"none": bytes(32)}), reference.load()
    part: Part[Registration] = Part(
        SERVICE, RULES | RECONCILING, RegistrationStore(ring), lambda now: Context(now, known)
    )
    return RegistryPlan(SERVICE, part, Path(__file__).parent / "migrations", TABLES)


def _answer(
    effect_id: str, group: Group, calls: Sequence[Call], known: Mapping[str, KnownAnswer]
) -> object | None:
    call = next((one for one in calls if str(one.effect_id) == effect_id), None)
    kind = call.kind if call is not None else _retold(effect_id, known, group)
    if kind is None:
        return None
    data = group.data[0]
    if isinstance(data, RegistrationInDoubt):
        final = known.get(kind) is not None and known[kind].state == "MANUAL"
        return InDoubt(kind, data.attempt, data.since, final)
    if not isinstance(data, RegisterReturned):
        return None
    likely = ERASED if data.reasons == ("particulars_erased",) else SAID_NO
    likely = known[kind].reason if kind in known else likely
    for reason in (likely, *_REASONS):
        if sha256(f"{kind}:no:{reason}".encode()) == group.cause.hash:
            return Answered(kind, "no", reason, {})
    return Answered(kind, "no", likely, {})


def _retold(effect_id: str, known: Mapping[str, KnownAnswer], group: Group) -> str | None:
    """Return the kind of a call that no event led to: a comparison told the register again."""

    dossier_id = group.said[0].event.dossierid
    kinds = [kind for kind in known if kind.startswith((f"{TELL_AGAIN}:", PUSH))]
    return next((kind for kind in kinds if str(uuid5(dossier_id, kind)) == effect_id), None)


def _word(group: Group, state: Registration) -> RegisterSaid | None:
    data = group.data[0]
    if isinstance(data, RegisterReturned):
        return RegisterSaid(data.kind, round=data.round, at=group.time)
    has_number = any(
        isinstance(one, PersonalIdAssigned)
        or (isinstance(one, Registered) and one.personal_id_assigned)
        for one in group.data
    )
    number = NO_NUMBER if has_number else None
    entry: BookEntry | None = state.entry
    if isinstance(data, Registered | RegistrationCorrected):
        entry = BookEntry(data.unit_code, data.number, data.book, data.page, data.registered_on)
    if entry is None:
        return None
    known = state.entry.unit_code if state.entry is not None else state.told_unit
    said = RegisterEntry(
        entry.number,
        entry.book,
        entry.page,
        entry.registered_on,
        number,
        None if entry.unit_code == known else entry.unit_code,
    )
    round_ = getattr(data, "round", state.round)
    return RegisterSaid("registered", said, round_, group.time, state.known_revision)


def _said(case: Registration, data: EventData) -> Registration:
    """Return the registration after an event, whatever led to it."""
    match data:
        case Registered() | RegistrationCorrected():
            entry = BookEntry(data.unit_code, data.number, data.book, data.page, data.registered_on)
            awaits = case.awaits_number
            if isinstance(data, Registered):
                is_birth = case.procedure_code in FIRST_BIRTHS
                awaits = is_birth and not data.personal_id_assigned
            return replace(
                case.forgetting(),
                status="registered",
                entry=entry,
                round=data.round,
                revision=getattr(data, "revision", 0),
                awaits_number=awaits,
            )
        case RegisterReturned():
            back = replace(case, status="returned", round=data.round)
            if data.kind != "refused":
                return back
            is_refused = data.reasons == ("register_refused",)
            return replace(back.forgetting(), closed=True, refused=is_refused)
        case PersonalIdAssigned():
            return replace(case, awaits_number=False)
    return case

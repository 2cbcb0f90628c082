"""What differs between us and the register, and what follows when it has lost a dossier."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from contracts.decision import DISCARDED, Answered, Context, Decision
from contracts.reconciliation import DifferenceKind, Repair
from registry_sync.domain import on_answered
from registry_sync.eform import MODULE_OF_PROCEDURE
from registry_sync.entries import entry_now
from registry_sync.pushing import push_if_ready
from registry_sync.registration import BookEntry, RegisterSaid, Registration
from registry_sync.saying import is_overtaken, on_said

TELL_AGAIN: Final = "tell_again"
CORRECTED: Final = "corrected"
#: Told again more often, a dossier is no longer lost by chance: a person must look.
MOST_TOLD_AGAIN = 3
#: What was told or taken more recently may be under way between the register's own parts.
SETTLES = timedelta(minutes=15)
#: An accepted dossier whose personal data are not here after that time will not be told by itself.
DATA_COME = timedelta(days=1)
#: What the register says of a dossier: nothing, something unreadable, that it is at work on it,
#: or its final word.
There = RegisterSaid | Literal["unknown", "unreadable", "processing"]


@dataclass(frozen=True)
class TellAgain:
    """The register knows nothing of a dossier it took in that round; for the `number`th time."""

    round: int
    number: int


@dataclass(frozen=True)
class Differs:
    """A difference, and what to tell the rule so that it repairs it; nothing: a person must look.

    What a word of the register changes here without an event was no difference. One that changes
    nothing at all is a person's after all.
    """

    kind: DifferenceKind
    ours: str
    theirs: str
    repair: Repair = ""
    message: RegisterSaid | Literal["tell_again"] | None = None


def what_differs(case: Registration, there: There, *, seen: bool, now: datetime) -> Differs | None:
    """Return how we and the register differ about the dossier, None when we do not.

    `there` is what the register said while the dossier stood as it stands in `case`, in any
    province it may be in. `seen`: it was once seen to have the dossier.
    """
    match case.status:
        case "accepted" | "pushing":
            return _untold(case, there, now)
        case "pushed":
            return _told(case, there, seen)
        case "registered":
            return _registered(case, there)
        case "returned" | "refused_meanwhile":
            return _sent_back(case, there)
    return None


def is_under_way(case: Registration, there: There, now: datetime) -> bool:
    """Return whether a difference of the moment may pass by itself: neither one nor none yet."""
    since = case.pushed_at or case.accepted_at
    is_young = since is not None and since >= now - SETTLES
    is_old = isinstance(there, RegisterSaid) and is_overtaken(there, case)
    is_lost = case.status == "pushed" and (there == "unknown" or is_old)
    is_ahead = case.status in ("accepted", "pushing") and there != "unknown" and case.round == 1
    return is_young and (is_lost or is_ahead)


def _untold(case: Registration, there: There, now: datetime) -> Differs | None:
    if there == "unreadable":
        return None
    # Of a later round the register has the one before.
    if there != "unknown" and case.round == 1:
        return Differs("missing_here", _ours(case), code_of(there))
    if there == "unknown" and _has_no_data(case, now):
        return Differs("missing_there", case.status, there)
    if case.closed and isinstance(there, RegisterSaid) and there.outcome == "registered":
        return Differs("different_status", "ended", "registered")
    return None


def _has_no_data(case: Registration, now: datetime) -> bool:
    is_late = case.accepted_at is not None and case.accepted_at < now - DATA_COME
    is_waiting = case.status == "accepted" and not case.closed
    return is_waiting and is_late and case.to_be_told() is None


def _ours(case: Registration) -> str:
    # Told, and not heard; ended, and by whom.
    if case.status == "pushing":
        return "awaiting_answer"
    if case.status == "returned" and case.closed:
        return "refused_there" if case.refused else "ended"
    return case.status


def _told(case: Registration, there: There, seen: bool) -> Differs | None:
    if isinstance(there, RegisterSaid):
        # It asks for what was told: that was not taken, and no word of this round will come.
        is_old = is_overtaken(there, case)
        return _to_look_at(case, there) if is_old else _word(case, there)
    if there == "unreadable":
        return _to_look_at(case, there)
    if there != "unknown" or case.closed:
        return None
    # What it had it may have registered before it lost it: told again, it might do so twice.
    if seen or not may_be_told_again(case):
        return Differs("missing_there", case.status, there)
    return Differs("missing_there", case.status, there, "told_again", TELL_AGAIN)


def _to_look_at(case: Registration, there: There) -> Differs:
    return Differs("different_status", _ours(case), code_of(there))


def _sent_back(case: Registration, there: There) -> Differs | None:
    if case.status == "returned" and not case.closed:
        if there == "unknown":
            return Differs("missing_there", case.status, there)
        if there == "unreadable":
            return _to_look_at(case, there)
        is_decided = isinstance(there, RegisterSaid) and there.outcome != "supplement"
        return _word(case, there) if is_decided else None
    if isinstance(there, RegisterSaid) and there.outcome == "registered":
        return _to_look_at(case, there)
    return None


def _word(case: Registration, there: There) -> Differs:
    assert isinstance(there, RegisterSaid)
    word = replace(there, round=case.round, revision=case.known_revision)
    repair: Repair = "taken_from_the_register"
    return Differs("different_status", case.status, there.outcome, repair, word)


def _registered(case: Registration, there: There) -> Differs | None:
    if not isinstance(there, RegisterSaid) or there.outcome != "registered" or not there.entry:
        kind: DifferenceKind = "missing_there" if there == "unknown" else "different_status"
        return Differs(kind, case.status, code_of(there))
    said = there.entry
    word = replace(there, round=case.round, revision=case.known_revision)
    entry = entry_now(case, said)
    if case.entry is None:
        names = ("no_entry", shown(entry))
        return Differs("different_number", *names, "taken_from_the_register", word)
    if case.entry != entry:
        return Differs("different_number", shown(case.entry), shown(entry), CORRECTED, word)
    if case.awaits_number and said.personal_number is not None:
        names = ("no_personal_number", "personal_number")
        return Differs("different_number", *names, "taken_from_the_register", word)
    if case.personal_number is not None and said.personal_number != case.personal_number:
        # Neither number is said: who may see them looks in both systems.
        other = "no_personal_number" if said.personal_number is None else "other_personal_number"
        return Differs("different_number", "personal_number", other)
    return None


def code_of(there: There) -> str:
    """Return the code of what the register says."""
    return there.outcome if isinstance(there, RegisterSaid) else there


def shown(entry: BookEntry) -> str:
    """Return the entry for a person: number, book, page, day and who entered it."""
    page = f", {entry.page}" if entry.page else ""
    return f"{entry.number}, {entry.book}{page}, {entry.registered_on}, {entry.unit_code}"


def may_be_told_again(case: Registration) -> bool:
    """Return whether the register may be told of the dossier once more.

    Its form is here still, nobody has ended it, had it erased or taken it out of our hands, and
    there is a part of the register for it. That the register never had it is for who asks to know.
    """
    told = case.to_be_told()
    is_ours = not (case.closed or case.erased or case.discarded)
    is_open = case.status == "pushed" and is_ours
    has_form = told is not None and told[1].form.kind != "legacy"
    return is_open and has_form and case.procedure_code in MODULE_OF_PROCEDURE


def tell_again_kind(message: TellAgain) -> str:
    """Return the kind of the effect: `tell_again:1:2`, of the first round for the second time."""
    return f"{TELL_AGAIN}:{message.round}:{message.number}"


def on_tell_again(
    message: TellAgain, case: Registration, context: Context
) -> Decision[Registration]:
    """Tell the register once more; the call asks first whether it has the dossier after all."""
    if message.round != case.round or not may_be_told_again(case):
        return Decision(case)
    decided = push_if_ready(replace(case, status="accepted"), context)
    (push,) = decided.effects
    again = replace(push, kind=tell_again_kind(message))
    return Decision(replace(decided.state, status="pushed"), (), (again,))


def on_answered_here(
    message: Answered, case: Registration, context: Context
) -> Decision[Registration]:
    """Hear the answer to what was told again as well: a no of the register is its word.

    That the dossier was ended or erased meanwhile is none. If two people discarded it, it is never
    told again.
    """
    if not message.kind.startswith(f"{TELL_AGAIN}:"):
        return on_answered(message, case, context)
    if message.reason == DISCARDED:
        return Decision(replace(case, discarded=True))
    is_word = message.outcome == "no" and message.reason == SAID_NO
    if not is_word or message.kind.split(":")[1] != str(case.round):
        return Decision(case)
    return on_said(RegisterSaid("refused", round=case.round), case, context)


#: The register's own no; other reasons of a no are ours.
SAID_NO = "register_said_no"
RULES: dict[type, Callable[[Any, Any, Any], Decision[Registration]]] = {
    TellAgain: on_tell_again,
    Answered: on_answered_here,
}

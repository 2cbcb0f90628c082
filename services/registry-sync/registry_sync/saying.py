"""What follows from a final word of the register, the first time and whenever it is asked again."""

from dataclasses import replace
from typing import Literal

from contracts.decision import Context, Decision
from contracts.events import (
    EventData,
    PersonalIdAssigned,
    Registered,
    RegisterReturned,
    RegistrationCorrected,
)
from registry_sync.eform import FIRST_BIRTHS
from registry_sync.entries import entry_now, is_correction
from registry_sync.registration import (
    BookEntry,
    RegisterEntry,
    RegisterSaid,
    Registration,
    is_from_before,
)

_REASON = {"supplement": "register_needs_supplement", "refused": "register_refused"}


def on_said(message: RegisterSaid, case: Registration, context: Context) -> Decision[Registration]:
    """Publish the register's final word, once; the same word again changes nothing.

    Nor does the answer to a question asked before the push of this round was answered: it is
    about the round before. So is a supplement asked for before this round was told. While the
    citizen is asked for one, what else the register decides counts: papers may reach it by hand.
    Of a registered dossier the entry is compared with the one published.
    """
    is_asked_back = case.status == "returned" and not case.closed
    is_heard = case.status in ("pushed", "registered") or is_asked_back
    if message.round != case.round or not is_heard:
        return Decision(case)
    if case.status == "registered":
        return _said_again(message, case, context)
    if message.outcome == "registered":
        return _entered(message, case)
    if message.outcome == "refused":
        decision = send_back(case, "refused", _REASON["refused"])
        return replace(decision, state=_meanwhile(case)) if is_asked_back else decision
    if is_asked_back or is_overtaken(message, case):
        return Decision(case)
    return send_back(case, "supplement", _REASON["supplement"])


def is_overtaken(message: RegisterSaid, case: Registration) -> bool:
    """Return whether it is the supplement that was asked for before this round was told."""
    is_later = case.round > 1 and message.outcome == "supplement"
    return is_later and is_from_before(message.at, case.pushed_at)


def send_back(
    case: Registration, kind: Literal["supplement", "refused"], reason: str
) -> Decision[Registration]:
    """Give the dossier back to the one-stop; of a refused one nothing more is told."""
    returned = RegisterReturned(kind=kind, reasons=(reason,), round=case.round)
    case = replace(case, status="returned")
    if kind == "refused":
        is_refused = reason == _REASON["refused"]
        case = replace(case.forgetting(), closed=True, refused=is_refused)
    return Decision(case, (returned,))


def _meanwhile(case: Registration) -> Registration:
    # The one-stop ends it, or takes the supplement first: then its round is told as any other.
    return replace(case, status="refused_meanwhile", refused=True)


def _entered(message: RegisterSaid, case: Registration) -> Decision[Registration]:
    said = message.entry
    assert said is not None
    entry = entry_now(case, said)
    has_number = said.personal_number is not None
    registered = Registered(
        unit_code=entry.unit_code,
        number=entry.number,
        book=entry.book,
        page=entry.page,
        registered_on=entry.registered_on,
        personal_id_assigned=has_number,
        round=case.round,
    )
    case = replace(
        case.forgetting(),
        status="registered",
        personal_number=None if case.erased else said.personal_number,
        entry=entry,
        awaits_number=case.procedure_code in FIRST_BIRTHS and not has_number,
        unit_told=said.unit_code is not None,
    )
    return Decision(case, (registered,))


def _said_again(
    message: RegisterSaid, case: Registration, context: Context
) -> Decision[Registration]:
    """Publish what is new in the entry: a correction, the personal number that was awaited.

    A word asked for before the entry was kept says nothing new of it. That the register knows the
    dossier no more, or refuses it now, is no correction and not for a citizen's ears: the
    comparison with the register puts it before a person. Nor is another personal number, or none
    after there was one.
    """
    said = message.entry
    if message.outcome != "registered" or said is None or message.revision != case.known_revision:
        return Decision(case)
    events: list[EventData] = []
    entry = entry_now(case, said)
    if case.entry is None:
        # Registered before entries were kept: there is nothing to compare it with.
        case = replace(case, awaits_number=case.awaits_number or _has_none(case))
    is_new = is_correction(case, entry, context.reference)
    if not is_new or message.may_correct:
        told = case.unit_told or said.unit_code is not None
        case = replace(case, entry=entry, unit_told=told)
    if is_new and message.may_correct:
        case = replace(case, revision=case.revision + 1)
        events.append(_correction(case, entry))
    if case.awaits_number and said.personal_number is not None:
        case = _numbered(case, said)
        events.append(PersonalIdAssigned(round=case.round))
    return Decision(case, tuple(events))


def _has_none(case: Registration) -> bool:
    # By a release that did not wait for numbers; of the erased it is not known.
    is_unknown = case.erased or case.personal_number is not None
    return case.procedure_code in FIRST_BIRTHS and not is_unknown


def _correction(case: Registration, entry: BookEntry) -> RegistrationCorrected:
    return RegistrationCorrected(
        unit_code=entry.unit_code,
        number=entry.number,
        book=entry.book,
        page=entry.page,
        registered_on=entry.registered_on,
        revision=case.revision,
        round=case.round,
    )


def _numbered(case: Registration, said: RegisterEntry) -> Registration:
    kept = None if case.erased else said.personal_number
    return replace(case, awaits_number=False, personal_number=kept)

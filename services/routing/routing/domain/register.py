"""What the register says, and the personal data as they come and go."""

from contracts.decision import Decision, ParticularsArrived, ParticularsErased
from contracts.envelope import Envelope
from contracts.events import Registered, RegisterReturned, RegistrationCorrected
from routing.domain import clock
from routing.domain.case import OPEN, REGISTER, BookEntry, Case, RoutingContext, Status
from routing.domain.desk import EXHAUSTED, routed
from routing.domain.returning import given_back
from routing.domain.stopping import withdrawn

#: Nothing is printed or decided any more with the data of a dossier in one of these.
NOT_NEEDED: frozenset[Status] = frozenset({"handed_over", "withdrawn"})
#: Ended by a decision the citizen was told: an entry of the register does not undo it.
_ENDED: frozenset[Status] = frozenset({"refused", "wrong_authority", "withdrawn"})


def on_registered(message: Envelope, case: Case, context: RoutingContext) -> Decision[Case]:
    """Remember where the register has it, whatever the case waited for.

    The register wins over what only stands still or ran out of time here: a stop or an expiry is
    no decision on the matter, and papers may have reached the register by hand. One that was
    refused, returned or withdrawn stays so, since that was decided and told; the entry is kept
    for those who must sort it out. A registration is entered once.
    """
    data = message.data
    assert isinstance(data, Registered)
    entry = BookEntry(data.number, data.book, data.page, data.registered_on)
    if case.status in _ENDED:
        return Decision(case.but(entry=entry))
    if case.status not in OPEN and case.status != "closed":
        return Decision(case)
    pauses = clock.resumed(case, context.now)
    return Decision(case.but(status="registered", resumes_to="unseen", entry=entry, pauses=pauses))


def on_corrected(message: Envelope, case: Case, context: RoutingContext) -> Decision[Case]:
    """Remember the entry as the register now has it; the desk and its papers show that one."""
    data = message.data
    assert isinstance(data, RegistrationCorrected)
    entry = BookEntry(data.number, data.book, data.page, data.registered_on)
    return Decision(case.but(entry=entry))


def on_register_returned(message: Envelope, case: Case, context: RoutingContext) -> Decision[Case]:
    """Return to the citizen what the register sent back: the one-stop owns that relation.

    A dossier the citizen asked for is given back instead; a second supplement is none. What the
    citizen sent before it was asked for is not asked for again: the dossier is received anew with
    it. An answer to an earlier acceptance, or to a dossier the register has not, is noted only.

    Source: NĐ 61/2018/NĐ-CP, NĐ 118/2025/NĐ-CP (one supplement).
    """
    data = message.data
    assert isinstance(data, RegisterReturned)
    if case.stands != "accepted" or data.round != case.rounds:
        return Decision(case)
    case = case.but(resumes_to="unseen")
    if case.withdrawal_requested_at is not None:
        return withdrawn(case, REGISTER, context)
    if data.kind == "supplement" and case.supplements:
        return given_back(case, "refused", EXHAUSTED, (), REGISTER, context)
    if data.kind == "supplement" and case.submissions_unused:
        pauses = clock.resumed(case, context.now)
        back = case.but(submissions_unused=0, pauses=pauses)
        return routed(back, context.now, context, max(case.submissions, 2))
    return given_back(case, data.kind, data.reasons, (), REGISTER, context)


def on_particulars(
    message: ParticularsArrived, case: Case, context: RoutingContext
) -> Decision[Case]:
    """Keep the newest personal data, while a slip or a result may have to name the citizen."""
    if case.erased or case.status in NOT_NEEDED:
        return Decision(case)
    return Decision(case.but(particulars=message.particulars, held_version=message.version))


def on_erased(message: ParticularsErased, case: Case, context: RoutingContext) -> Decision[Case]:
    """Forget the personal data for ever; what becomes of the dossier the register decides.

    Source: Luật 91/2025/QH15, Điều 14.
    """
    return Decision(case.but(particulars=None, erased=True))


def noted(message: Envelope, case: Case, context: RoutingContext) -> Decision[Case]:
    """Take note of an event that changes nothing but the trail."""
    return Decision(case)

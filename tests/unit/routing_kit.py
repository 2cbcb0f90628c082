"""States of a case, made by the rules themselves, and moments in Vietnamese time."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import reference
from contracts.decision import Decision, Refused
from contracts.envelope import GENESIS, Cause, Envelope, Head, decode, extend
from contracts.events import (
    EventData,
    ParticularsRef,
    Registered,
    RegisterReturned,
    Resubmitted,
    Submitted,
    WithdrawalRequested,
)
from contracts.model import VIETNAM
from routing.domain import (
    RULES,
    Accept,
    Apologise,
    Case,
    Expire,
    Forward,
    GiveBack,
    HandOver,
    Merge,
    Resume,
    RoutingContext,
    Stop,
    Verify,
    Withdraw,
)
from tests.unit.builders import A_CODE, A_DOSSIER, A_UNIT, SOME_HASH, a_paper, a_submission

KNOWN = reference.load()
OFFICER = "officer-26737"
#: A birth's only required paper; three working days with time for a check on top.
PAPER = "birth_notification"
STATUS_CERTIFICATE = "1.004873"
PARENT = "1.001022"
MARRIAGE_FOREIGN = "2.000806"
LINKED = "3.000722"
NEXT_UNIT = "26740"
#: A Thursday, long before and after days off.
THURSDAY = "2026-10-15 09:00"


def at(text: str) -> datetime:
    """Return a moment of Vietnamese time: `2026-11-24 15:30`."""
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


def by_officer(now: datetime | str = THURSDAY, known: Any = KNOWN) -> RoutingContext:
    """Return a context in which officers receive."""
    return RoutingContext(at(now) if isinstance(now, str) else now, known, lambda _: True)


def by_machine(now: datetime | str = THURSDAY, known: Any = KNOWN) -> RoutingContext:
    """Return a context in which a machine receives everywhere."""
    return RoutingContext(at(now) if isinstance(now, str) else now, known, lambda _: False)


def heard(data: EventData, time: datetime) -> Envelope:
    """Return the event as its service would have published it then."""
    head = Head(A_DOSSIER, A_CODE, 0, GENESIS)
    return decode(extend(head, data, Cause("test", SOME_HASH), time)[0])


def decide(message: object, case: Case | None, context: RoutingContext) -> Decision[Case] | Refused:
    """Return what the rule for a message says; an event's data is put in its envelope."""
    if isinstance(message, EventData):
        message = heard(message, context.now)
    kind = type(message.data) if isinstance(message, Envelope) else type(message)
    return RULES[kind](message, case or Case(A_DOSSIER, ""), context)


def done(message: object, case: Case | None, context: RoutingContext) -> Decision[Case]:
    """Return the decision; the message is one that is not refused."""
    decision = decide(message, case, context)
    assert isinstance(decision, Decision), decision
    return decision


def refused(message: object, case: Case | None, context: RoutingContext) -> Refused:
    """Return the no to a message."""
    decision = decide(message, case, context)
    assert isinstance(decision, Refused), decision
    return decision


def after(case: Case | None, *steps: tuple[object, RoutingContext]) -> Case:
    """Return the case after messages, each in its context."""
    for message, context in steps:
        case = done(message, case, context).state
    assert case is not None
    return case


def names(decision: Decision[Case]) -> list[str]:
    """Return the events of a decision by name."""
    return [data.name for data in decision.events]


def a_dossier(now: str = THURSDAY, **changes: Any) -> Submitted:
    """Return a complete birth submitted then; `changes` replace fields."""
    return a_submission(**({"submitted_at": at(now)} | changes))


def more_papers(
    now: str, *papers: str, version: int = 2, round: int = 2, came_at: datetime | None = None
) -> Resubmitted:
    """Return a resubmission with these papers; `came_at` is when the intake took it."""
    return Resubmitted(
        round=round,
        particulars=ParticularsRef(version=version, sha256=SOME_HASH),
        attachments=tuple(map(a_paper, papers)),
        resubmitted_at=at(now),
        received_at=came_at,
    )


def wants_back(now: str) -> WithdrawalRequested:
    """Return a citizen's wish to have the dossier back."""
    return WithdrawalRequested(requested_at=at(now))


def registered(round: int = 1) -> Registered:
    """Return the register's yes."""
    return Registered(
        unit_code=A_UNIT,
        number="12",
        book="01/2026",
        page="7",
        registered_on=date(2026, 10, 16),
        round=round,
    )


def register_wants(kind: Any = "supplement", round: int = 1) -> RegisterReturned:
    """Return the register's giving back."""
    reason = "register_needs_supplement" if kind == "supplement" else "register_refused"
    return RegisterReturned(kind=kind, reasons=(reason,), round=round)


def on_desk(now: str = THURSDAY, **changes: Any) -> Case:
    """Return a case that waits for an officer."""
    return done(a_dossier(now, **changes), None, by_officer(now)).state


def accepted(now: str = THURSDAY, **changes: Any) -> Case:
    """Return a case an officer accepted the moment it was submitted."""
    return done(Accept(OFFICER), on_desk(now, **changes), by_officer(now)).state


def certificate(now: str = THURSDAY, **changes: Any) -> Case:
    """Return an accepted case of a procedure with three working days."""
    return accepted(now, procedure_code=STATUS_CERTIFICATE, attachments=(), **changes)


ASK = GiveBack(OFFICER, "supplement", ("missing_paper",), (PAPER,))
REFUSE = GiveBack(OFFICER, "refused", ("conditions_not_met",))
NOT_OURS = GiveBack(OFFICER, "wrong_authority", ("not_competent",))
STOP = Stop(OFFICER, "legal_obstacle")
ELSEWHERE = Forward(OFFICER, NEXT_UNIT, "applicant_moved")
#: Every act of an officer, lawful in its arguments for a case of `certificate()`.
ACTS: dict[str, object] = {
    "accept": Accept(OFFICER),
    "supplement": ASK,
    "refuse": REFUSE,
    "wrong_authority": NOT_OURS,
    "forward": ELSEWHERE,
    "withdraw": Withdraw(OFFICER),
    "stop": STOP,
    "resume": Resume(OFFICER),
    "apologise": Apologise(OFFICER, "system_outage", date(2026, 10, 26)),
    "verify": Verify(OFFICER, "verify_information"),
    "hand_over": HandOver(OFFICER, "in_person"),
}
ASKED_BACK = {"procedure_code": STATUS_CERTIFICATE, "attachments": ()}
LONG_AFTER = "2026-12-15 09:00"


def _is(*steps: tuple[object, str]) -> Callable[[], Case]:
    def make() -> Case:
        case = on_desk(**ASKED_BACK)
        return after(case, *((message, by_officer(now)) for message, now in steps))

    return make


#: A case in every status, all of the same procedure.
STATES: dict[str, Callable[[], Case]] = {
    "unseen": lambda: Case(A_DOSSIER, ""),
    "received": _is(),
    "supplement": _is((ASK, THURSDAY)),
    "accepted": certificate,
    "stopped": _is((STOP, THURSDAY)),
    "registered": lambda: after(certificate(), (registered(), by_officer())),
    "handed_over": lambda: after(
        certificate(), (registered(), by_officer()), (ACTS["hand_over"], by_officer())
    ),
    "refused": _is((REFUSE, THURSDAY)),
    "wrong_authority": _is((NOT_OURS, THURSDAY)),
    "withdrawn": _is((Withdraw(OFFICER), THURSDAY)),
    "closed": _is((ASK, THURSDAY), (Expire(), LONG_AFTER)),
}
SECOND = timedelta(seconds=1)
MERGE = Merge()

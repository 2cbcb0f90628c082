"""The desk: a dossier reaches a unit, whose officers or machine receive it (tiếp nhận)."""

from datetime import datetime

from contracts.decision import Decision
from contracts.events import Accepted, EventData, Routed
from routing.domain import clock
from routing.domain.appointments import appointment_due
from routing.domain.case import AUTOMATIC, Case, RoutingContext
from routing.domain.law import missing_papers
from routing.domain.merging import moved_on
from routing.domain.returning import given_back

EXHAUSTED = ("supplement_exhausted",)


def routed(
    case: Case, start: datetime, context: RoutingContext, resubmission: int | None = None
) -> Decision[Case]:
    """Put the case on its unit's desk, to be looked at within the limit counted from `start`.

    `resubmission` is the number of the submission that brings it back there.

    Source: NĐ 87/2020/NĐ-CP, Điều 12.
    """
    due = clock.reception_due(case, start, context)
    event = Routed(
        unit_code=case.unit_code,
        reference_version=context.reference.version,
        reception_due=due,
        resubmission=resubmission,
    )
    return on_the_desk(case.but(status="received", reception_due=due), (event,), context)


def on_the_desk(
    case: Case, events: tuple[EventData, ...], context: RoutingContext
) -> Decision[Case]:
    """Leave the case to the unit's officers; where there are none, receive it at once.

    A unit that is no more hands it on first. What officers held no machine decides, wherever it
    goes.
    """
    case, events = moved_on(case, events, context)
    if case.by_officer or context.by_officer(case.unit_code):
        return Decision(case.but(by_officer=True), events)
    received = receive(case, AUTOMATIC, context)
    return Decision(received.state, (*events, *received.events))


def receive(case: Case, actor: str, context: RoutingContext) -> Decision[Case]:
    """Accept a complete dossier; ask once for what is missing, refuse what still is after that.

    Source: NĐ 87/2020/NĐ-CP, Điều 12 (checked on the day, supplement asked, or accepted at once);
    NĐ 61/2018/NĐ-CP, NĐ 118/2025/NĐ-CP (one supplement).
    """
    missing = missing_papers(case, context)
    if not missing:
        return accepted(case, actor, context.now, context)
    if case.supplements:
        return given_back(case, "refused", EXHAUSTED, missing, actor, context)
    return given_back(case, "supplement", ("missing_paper",), missing, actor, context)


def accepted(
    case: Case, actor: str, received_at: datetime, context: RoutingContext
) -> Decision[Case]:
    """Accept the case and give it its appointment; counted from the first reception, if any.

    Source: NĐ 61/2018/NĐ-CP and NĐ 118/2025/NĐ-CP; NĐ 87/2020/NĐ-CP, Điều 12.
    """
    received_at = case.received_at or received_at
    due = appointment_due(case, received_at, context)
    case = case.but(
        status="accepted", rounds=case.rounds + 1, received_at=received_at, appointment=due
    )
    event = Accepted(
        unit_code=case.unit_code,
        procedure_code=case.procedure_code,
        actor=actor,
        reference_version=context.reference.version,
        due=due,
        received_at=received_at,
        particulars_version=case.particulars_version,
        round=case.rounds,
        at_register=case.at_register,
        province_code=clock.province_of(case, context),
    )
    return Decision(case, (event,))
